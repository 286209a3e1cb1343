import { OperationError } from '../../src/domain/operation-error.ts';
import type { Principal } from '../../src/domain/principal.ts';
import type { JobRecord } from '../../src/jobs/job-record.ts';
import type { NewRecord } from '../../src/jobs/job-store.ts';

export const alice: Principal = { kind: 'key', id: 'key:alice', scopes: ['operate', 'destroy'], surface: 'http' };
export const model: Principal = { kind: 'local', id: 'local', scopes: ['admin'], surface: 'mcp-stdio' };
export const person: Principal = { kind: 'local', id: 'local', scopes: ['admin'], surface: 'cli' };

export const UPID = 'UPID:pve1:00001001:0023F816:6B029F9E:qmstart:101:root@pam!mcp:';

/** A job that has just been accepted. */
export function aRecord(fields: Partial<JobRecord> = {}): JobRecord {
  return {
    jobId: '11111111-1111-4111-8111-111111111111',
    seq: 0,
    epoch: 1,
    owner: 'process-a',
    state: 'ready',
    phase: null,
    operation: 'start_vm',
    repeat: 'convergent',
    summary: 'Start VM 101',
    principalId: 'key:alice',
    surface: 'http',
    requestId: null,
    input: { vmid: 101 },
    hasSecrets: false,
    node: 'pve1',
    targets: ['guest/101'],
    step: null,
    stepsDone: 0,
    upid: null,
    previousUpids: [],
    progress: null,
    attempts: 0,
    retryCount: 0,
    tainted: false,
    earlierEffect: 'none',
    cancelRequested: false,
    effect: 'none',
    lastError: null,
    error: null,
    warnings: [],
    result: null,
    metadata: {},
    approval: null,
    baseline: [],
    sentAt: null,
    impliedKey: null,
    resolvedAt: null,
    createdAt: '2026-01-01T00:00:00.000Z',
    updatedAt: '2026-01-01T00:00:00.000Z',
    completedAt: null,
    expiresAt: null,
    ...fields,
  };
}

/** A record on its way into a store. */
export function aNewRecord(fields: Partial<JobRecord> = {}, more: Partial<NewRecord> = {}): NewRecord {
  const record = aRecord(fields);
  return {
    record,
    details: {},
    replay: { given: null, implied: null, heldSince: '2025-12-31T00:00:00.000Z' },
    claims: record.targets,
    leaseMs: 10_000,
    ...more,
  };
}

/** What the code of an OperationError is, or a failure of the test. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (thrown) {
    if (thrown instanceof OperationError)
      return typeof thrown.details['code'] === 'string' ? `${thrown.code}/${thrown.details['code']}` : thrown.code;
    throw thrown;
  }
  return 'no error';
}
