import type { RecordFilter } from './job-store.ts';
import type { Job, JobState, JobStatus } from './job.ts';

/** States whose status is `running`, or `cancel_requested` once somebody wishes the end. */
const UNDER_WAY = ['ready', 'sending', 'in_doubt', 'running', 'verifying'] as const satisfies readonly JobState[];

/** What outsiders call the state of a job. */
export function statusOf(job: Pick<Job, 'state' | 'cancelRequested'>): JobStatus {
  switch (job.state) {
    case 'awaiting_approval':
      return 'awaiting_approval';
    case 'succeeded':
    case 'succeeded_with_warnings':
      return 'completed';
    case 'failed':
      return 'failed';
    case 'cancelled':
      return 'cancelled';
    case 'rejected':
    case 'expired':
      return 'rejected';
    case 'not_observed':
    case 'unknown':
      return 'unknown';
    case 'ready':
    case 'sending':
    case 'in_doubt':
    case 'running':
    case 'verifying':
      return job.cancelRequested ? 'cancel_requested' : 'running';
  }
}

/** Whether a job of this status goes on by itself. */
export function goesOn(status: unknown): boolean {
  return status === 'running' || status === 'cancel_requested' || status === 'retrying';
}

/** Whether a job of this status is not over: it goes on by itself, or waits for a person. */
export function isOpen(status: unknown): boolean {
  return goesOn(status) || status === 'awaiting_approval';
}

/** The stored fields that a public status stands for. `retrying` is the predecessor's and matches nothing. */
export function statusFilter(status: JobStatus): Pick<RecordFilter, 'states' | 'cancelRequested'> {
  switch (status) {
    case 'running':
      return { states: UNDER_WAY, cancelRequested: false };
    case 'cancel_requested':
      return { states: UNDER_WAY, cancelRequested: true };
    case 'completed':
      return { states: ['succeeded', 'succeeded_with_warnings'] };
    case 'failed':
      return { states: ['failed'] };
    case 'cancelled':
      return { states: ['cancelled'] };
    case 'rejected':
      return { states: ['rejected', 'expired'] };
    case 'unknown':
      return { states: ['not_observed', 'unknown'] };
    case 'awaiting_approval':
      return { states: ['awaiting_approval'] };
    case 'retrying':
      return { states: [] };
  }
}
