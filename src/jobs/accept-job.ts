import { describeStep } from '../domain/mutation.ts';
import { OperationError } from '../domain/operation-error.ts';
import { forgetInput, LONG_AGO, timestamp, timestampAgo } from './engine.ts';
import type { Engine } from './engine.ts';
import { failpoint } from './failpoint.ts';
import { replayQuery } from './idempotency.ts';
import type { Job } from './job.ts';
import type { JobRecord } from './job-record.ts';
import type { AcceptOutcome, HeldTarget, ReplayQuery } from './job-store.ts';
import type { CallIdentity, NewJob } from './jobs.ts';
import { without } from './safeguards.ts';
import { holdsSecrets, withoutSecrets } from './secret-fields.ts';

/** What a caller hears whose target is held by another job. */
export function targetHeld({ target, jobId }: HeldTarget): OperationError {
  return new OperationError('conflict', `Job ${jobId} is at work on ${target}.`, {
    hint: 'Wait for that job to end, or cancel it, then repeat the call.',
    details: { code: 'target_held', target, job_id: jobId },
  });
}

function keyReused(jobId: string): OperationError {
  return new OperationError('invalid_input', 'This idempotency key was used before for another request.', {
    hint: 'Use a new key for a new request.',
    details: { code: 'idempotency_key_reused', job_id: jobId },
  });
}

/** The answer to the commit was lost: the job is carried out if it was recorded after all. */
function perhapsRecorded(fault: OperationError, jobId: string): OperationError {
  return new OperationError(fault.code, `${fault.message} It is not known whether job ${jobId} was recorded.`, {
    hint: 'Look for this job once the database answers, before the call is repeated.',
    effect: 'unknown',
    details: { ...fault.details, job_id: jobId },
    cause: fault,
  });
}

/** How earlier jobs for this call are found; null keys find nothing. */
function replayFor(engine: Engine, request: CallIdentity): ReplayQuery {
  const heldSince = timestampAgo(engine, engine.settings.idempotencyMs);
  return without?.('idempotency') ? { given: null, implied: null, heldSince } : replayQuery(request, heldSince);
}

/** The job an earlier call with the same key made. @throws OperationError `invalid_input` when the key came with another body */
export async function replayJob(engine: Engine, request: CallIdentity): Promise<Job | undefined> {
  const outcome = await engine.store.findReplay(replayFor(engine, request));
  if (outcome.kind === 'key_reused') throw keyReused(outcome.jobId);
  return outcome.kind === 'replayed' ? outcome.record : undefined;
}

function newRecord(engine: Engine, request: NewJob, impliedKey: string | null): JobRecord {
  const at = timestamp(engine);
  return {
    jobId: request.jobId ?? engine.random.uuid(),
    seq: 0,
    epoch: 1,
    owner: engine.processId,
    state: request.approval ? 'awaiting_approval' : 'ready',
    phase: null,
    operation: request.operation,
    repeat: request.repeat,
    summary: request.summary,
    principalId: request.principal.id,
    surface: request.principal.surface,
    requestId: request.requestId,
    input: withoutSecrets(request.input, request.secretFields),
    hasSecrets: holdsSecrets(request.input, request.secretFields),
    node: request.plan.step.node,
    targets: request.plan.step.targets,
    step: null,
    stepsDone: 0,
    upid: null,
    previousUpids: [],
    progress: null,
    attempts: 0,
    retryCount: 0,
    tainted: false,
    cancelRequested: false,
    earlierEffect: 'none',
    effect: 'none',
    lastError: null,
    error: null,
    warnings: [],
    result: null,
    metadata: request.metadata,
    approval: request.approval ? { ...request.approval.request } : null,
    baseline: [],
    sentAt: null,
    impliedKey,
    resolvedAt: null,
    createdAt: at,
    updatedAt: at,
    completedAt: null,
    expiresAt: request.approval?.expiresAt ?? null,
  };
}

interface Recorded {
  readonly record: JobRecord;
  /** True when an earlier call made it. */
  readonly replayed: boolean;
}

/** Records a job and starts it. @throws OperationError when another job stands in its way, or it cannot be recorded */
export async function acceptJob(engine: Engine, request: NewJob): Promise<Recorded> {
  const replay = replayFor(engine, request);
  const record = newRecord(engine, request, replay.implied);
  const claims = request.approval || without?.('targetClaims') ? [] : request.plan.step.targets;
  const madeAt = request.approval ? LONG_AGO : engine.clock.monotonic();
  engine.inputs.set(record.jobId, request.input);
  engine.plans.set(record.jobId, { plan: request.plan, madeAt });
  let outcome: AcceptOutcome;
  try {
    if (failpoint) await failpoint('accept.before-record');
    outcome = await engine.store.accept({
      record,
      details: {
        summary: request.summary,
        request: describeStep(request.plan.step),
        principal: request.principal.id,
        surface: request.principal.surface,
      },
      replay,
      claims,
      leaseMs: engine.settings.leaseMs,
    });
    if (failpoint) await failpoint('accept.after-record');
  } catch (fault) {
    // The answer to a commit may be lost although it took place.
    const written = await engine.store.load(record.jobId).catch(() => 'unreadable' as const);
    if (!written || written === 'unreadable') {
      forgetInput(engine, record.jobId);
      if (!(fault instanceof OperationError) || fault.effect !== 'unknown') throw fault;
      throw written ? perhapsRecorded(fault, record.jobId) : fault.withEffect('none');
    }
    outcome = { kind: 'created', record: written };
  }
  if (outcome.kind === 'created') {
    engine.board.publish(outcome.record);
    return { record: outcome.record, replayed: false };
  }
  forgetInput(engine, record.jobId);
  if (outcome.kind === 'held') throw targetHeld(outcome);
  if (outcome.kind === 'key_reused') throw keyReused(outcome.jobId);
  return { record: outcome.record, replayed: true };
}
