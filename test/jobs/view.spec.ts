import { expect, test } from 'vitest';
import { JOB_STATES } from '../../src/jobs/job.ts';
import type { JobState, JobStatus } from '../../src/jobs/job.ts';
import { statusFilter, statusOf } from '../../src/jobs/job-status.ts';
import { compactJobView, jobView, viewJob, viewJobCompact } from '../../src/jobs/view.ts';
import { aRecord } from './a-job.ts';

const COMPAT_FIELDS = [
  'job_id',
  'tool_name',
  'summary',
  'node',
  'upid',
  'status',
  'progress',
  'attempts',
  'retry_count',
  'last_error',
  'created_at',
  'updated_at',
  'completed_at',
  'result',
  'metadata',
  'previous_upids',
  'audit_log',
  'retry_spec',
];

test('shows the eighteen fields of the predecessor, and its own beside them', () => {
  const view = viewJob(aRecord(), []);
  expect(Object.keys(view)).toEqual(expect.arrayContaining([...COMPAT_FIELDS, 'phase', 'warnings', 'effect', 'expires_at', 'approval']));
  expect(jobView.parse(view)).toEqual(view);
});

test('shows neither history nor recipe in lists', () => {
  const view = viewJobCompact(aRecord());
  expect(view).not.toHaveProperty('audit_log');
  expect(view).not.toHaveProperty('retry_spec');
  expect(compactJobView.parse(view)).toEqual(view);
});

test('gives every state a status', () => {
  const statuses: Record<JobState, JobStatus> = {
    awaiting_approval: 'awaiting_approval',
    ready: 'running',
    sending: 'running',
    in_doubt: 'running',
    running: 'running',
    verifying: 'running',
    succeeded: 'completed',
    succeeded_with_warnings: 'completed',
    failed: 'failed',
    cancelled: 'cancelled',
    rejected: 'rejected',
    expired: 'rejected',
    not_observed: 'unknown',
    unknown: 'unknown',
  };
  for (const state of JOB_STATES) expect(statusOf(aRecord({ state }))).toBe(statuses[state]);
  expect(statusOf(aRecord({ state: 'running', cancelRequested: true }))).toBe('cancel_requested');
  expect(statusOf(aRecord({ state: 'failed', cancelRequested: true }))).toBe('failed');
});

test('finds by status exactly the jobs that show it', () => {
  for (const state of JOB_STATES)
    for (const cancelRequested of [false, true]) {
      const filter = statusFilter(statusOf({ state, cancelRequested }));
      expect(filter.states).toContain(state);
      if (filter.cancelRequested !== undefined) expect(filter.cancelRequested).toBe(cancelRequested);
    }
});

test('keeps the newest of a long history and counts the rest', () => {
  const events = Array.from({ length: 120 }, (_, number) => ({
    timestamp: '2026-01-01T00:00:00.000Z',
    event: `event-${number}`,
    details: {},
  }));
  const view = viewJob(aRecord(), events);
  expect(view.audit_log).toHaveLength(50);
  expect(view.audit_log.at(-1)?.event).toBe('event-119');
  expect(view.audit_log_omitted).toBe(70);
});
