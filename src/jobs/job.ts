import type { ExpectedTask, StepDescription } from '../domain/mutation.ts';
import type { Effect, ErrorCode } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import type { Surface } from '../domain/principal.ts';
import type { RepeatClass } from '../domain/repeat-class.ts';
import type { Upid } from '../domain/upid.ts';

/** States of one attempt; docs/job-protocol.md draws them. Those from `succeeded` on are final and never change. */
export const JOB_STATES = [
  'awaiting_approval',
  'ready',
  'sending',
  'in_doubt',
  'running',
  'verifying',
  'succeeded',
  'succeeded_with_warnings',
  'failed',
  'cancelled',
  'rejected',
  'expired',
  'not_observed',
  'unknown',
] as const;
export type JobState = (typeof JOB_STATES)[number];

export const FINAL_STATES = [
  'succeeded',
  'succeeded_with_warnings',
  'failed',
  'cancelled',
  'rejected',
  'expired',
  'not_observed',
  'unknown',
] as const satisfies readonly JobState[];

/** All other states. Queries name these: an index finds the few jobs that are in them, and is of no use for `not in` the final ones. */
export const OPEN_STATES: readonly JobState[] = JOB_STATES.filter((state) => !isFinal(state));

export function isFinal(state: JobState): boolean {
  return (FINAL_STATES as readonly JobState[]).includes(state);
}

/** True when it is not known whether the job has happened: a person settles it. */
export function isDoubtful(state: JobState): boolean {
  return state === 'unknown' || state === 'not_observed';
}

/** How many jobs there are in each state. */
export type JobCounts = Readonly<Record<JobState, number>>;

/** How many jobs are not over. */
export function openAmong(counts: JobCounts): number {
  return JOB_STATES.reduce((sum, state) => sum + (isFinal(state) ? 0 : counts[state]), 0);
}

/** What outsiders see as `status`; the first six are the predecessor's. */
export const JOB_STATUSES = [
  'running',
  'completed',
  'failed',
  'cancelled',
  'cancel_requested',
  'retrying',
  'awaiting_approval',
  'rejected',
  'unknown',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

/** Phase of a job that is ready and waits for a server that may write. */
export const LEFT_READY = 'server_read_only';

/** The step that is, or was last, under way: what was sent, without its secrets. */
export interface JobStep {
  /** 1 for the first step of an attempt. */
  readonly number: number;
  readonly node: string;
  readonly task: ExpectedTask | null;
  readonly repeat: RepeatClass;
  /** True when the job plans anew after this step. */
  readonly again: boolean;
  /** How often this step was handed to Proxmox. */
  readonly sends: number;
  /** User or token that sent it, as the UPID of its task names it. Absent in steps recorded before this was kept. */
  readonly sentAs?: string;
  readonly description: StepDescription;
}

/** The last error in parts, as a surface needs it. */
export interface JobError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint: string | null;
  readonly details: Facts;
}

/** The durable record of one accepted write. */
export interface Job {
  readonly jobId: string;
  /** Name of the operation, e.g. `start_vm`. */
  readonly operation: string;
  readonly repeat: RepeatClass;
  readonly summary: string;
  readonly state: JobState;
  /** Finer than state, for people: `waiting_for_lock`, `node_unreachable`, `cancel_requested`, … */
  readonly phase: string | null;
  readonly principalId: string;
  readonly surface: Surface;
  readonly requestId: string | null;
  /** Validated input with secrets left out. */
  readonly input: Facts;
  /** True when the input held secrets, so that another process cannot plan it again. */
  readonly hasSecrets: boolean;
  readonly node: string | null;
  readonly targets: readonly string[];
  readonly step: JobStep | null;
  /** Steps of this attempt that ended well. */
  readonly stepsDone: number;
  readonly upid: Upid | null;
  readonly previousUpids: readonly Upid[];
  /** Percent, 0 to 100; null when Proxmox does not say. */
  readonly progress: number | null;
  readonly attempts: number;
  readonly retryCount: number;
  /** Resent after doubt: may end succeeded or unknown, never failed. */
  readonly tainted: boolean;
  readonly cancelRequested: boolean;
  /** What earlier attempts of the job did to the cluster, before it was retried. */
  readonly earlierEffect: Effect;
  readonly effect: Effect;
  readonly lastError: string | null;
  /** `lastError` in parts; null when the text is a task's own exit status. */
  readonly error: JobError | null;
  readonly warnings: readonly string[];
  readonly result: Facts | null;
  readonly metadata: Facts;
  /** What was asked of a person and, later, who answered; null for a job that never asked. */
  readonly approval: Facts | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly completedAt: string | null;
  readonly expiresAt: string | null;
  /** Fencing token: grows with every change of state or owner. */
  readonly epoch: number;
}

/** One line of a job's append-only history. */
export interface JobEvent {
  readonly timestamp: string;
  readonly event: string;
  readonly details: Facts;
}
