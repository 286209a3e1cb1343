import { OperationError } from '../domain/operation-error.ts';
import { isPerson, type Principal } from '../domain/principal.ts';
import { isResendable } from '../domain/repeat-class.ts';
import { forgetInput, LONG_AGO } from './engine.ts';
import type { Engine } from './engine.ts';
import type { JobRecord, RecordPatch } from './job-record.ts';
import { isDoubtful, isFinal } from './job.ts';
import type { RetryOptions } from './jobs.ts';
import { without } from './safeguards.ts';
import { refused, steer } from './steer-job.ts';
import { pastUpids } from './step-end.ts';

/** Opens another attempt of a job that did not succeed. @throws OperationError `conflict`, `denied` */
export async function retryJob(engine: Engine, jobId: string, by: Principal, options: RetryOptions): Promise<JobRecord> {
  const { plan, secrets, approval } = options;
  await engine.store.heartbeat(engine.processId, engine.settings.leaseMs);
  const retried = steer(engine, jobId, (record) => {
    assertRetriable(record, by, secrets !== undefined);
    engine.inputs.set(jobId, { ...record.input, ...secrets });
    engine.plans.set(jobId, { plan, madeAt: approval ? LONG_AGO : engine.clock.monotonic() });
    return {
      event: approval ? 'retried_asking' : 'retried',
      change: {
        patch: { ...freshAttempt(record, options), owner: engine.processId },
        details: { by: by.id, previous_state: record.state, previous_upid: record.upid },
        claims: approval || without?.('targetClaims') ? [] : plan.step.targets,
      },
    };
  });
  return retried.catch((fault: unknown) => {
    // Unless the answer of the store was lost, or another retry of this process is under way.
    if (fault instanceof OperationError && fault.code === 'conflict' && !engine.board.get(jobId)) forgetInput(engine, jobId);
    throw fault;
  });
}

/** @throws OperationError `conflict`, `denied`, `invalid_input` */
function assertRetriable(record: JobRecord, by: Principal, hasSecrets: boolean): void {
  const { jobId, state } = record;
  if (!isFinal(state)) throw refused(record, 'The job is still under way and cannot be retried.', 'Wait for its end, or cancel it.');
  if (state === 'succeeded' || state === 'succeeded_with_warnings')
    throw refused(record, 'The job has succeeded; there is nothing to retry.', 'Make a new call to do the same once more.');
  if (isDoubtful(state) && !isResendable(record.repeat) && !isPerson(by))
    throw new OperationError(
      'denied',
      'It is not known whether this job has happened, and doing it twice does harm: only a person may retry it.',
      { hint: 'A person looks at the cluster, then retries or resolves the job.', details: { job_id: jobId, state } },
    );
  if (record.hasSecrets && !hasSecrets)
    throw new OperationError('invalid_input', 'This job needs its secret fields again: they were not stored.', {
      details: { job_id: jobId },
    });
}

/** The fields of a job that begins anew: only its identity and its history stay. */
function freshAttempt(record: JobRecord, { plan, approval }: RetryOptions): RecordPatch {
  // What the earlier attempt sent may still arrive.
  const tainted = record.tainted || isDoubtful(record.state);
  return {
    retryCount: record.retryCount + 1,
    previousUpids: pastUpids(record),
    upid: null,
    progress: null,
    phase: null,
    tainted,
    cancelRequested: false,
    earlierEffect: record.effect,
    effect: tainted ? 'unknown' : record.effect,
    lastError: null,
    error: null,
    warnings: [],
    result: null,
    step: null,
    stepsDone: 0,
    baseline: [],
    completedAt: null,
    resolvedAt: null,
    targets: plan.step.targets,
    node: plan.step.node,
    approval: approval ? { ...approval.request } : record.approval,
    expiresAt: approval?.expiresAt ?? null,
  };
}
