import type { Effect } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import { isResendable } from '../domain/repeat-class.ts';
import type { Upid } from '../domain/upid.ts';
import { errorFields, move } from './engine.ts';
import type { Change, Engine } from './engine.ts';
import type { JobRecord, RecordPatch } from './job-record.ts';
import { without } from './safeguards.ts';
import type { TransitionEvent } from './transitions.ts';

/** Why a job is VERIFYING; kept in its phase, so that any process can finish the check. */
export type VerifyReason =
  /** Proxmox refused, which may mean that it is already so. */
  | 'verifying_refusal'
  /** The task failed, which may mean that it is already so. */
  | 'verifying_failure'
  /** The task ended without a clear word. */
  | 'verifying_end'
  /** The HA manager took the request and acts later. */
  | 'verifying_ha'
  /** Proxmox does not know the task any more. */
  | 'verifying_lost_task'
  /** There is no task to go by, or too many. */
  | 'verifying_doubt';

/** What the job has done to the cluster if its present step did nothing. */
export function effectBefore(record: JobRecord): Effect {
  if (record.tainted || record.earlierEffect === 'unknown') return 'unknown';
  return record.stepsDone > 0 ? 'applied' : record.earlierEffect;
}

/** The tasks of a job whose present one is over, oldest first. */
export function pastUpids({ upid, previousUpids }: JobRecord): readonly Upid[] {
  return upid === null ? previousUpids : [...previousUpids, upid];
}

/** Fields of a job whose step is over and which goes on with another. */
export function nextStepPatch(record: JobRecord): RecordPatch {
  return {
    stepsDone: record.stepsDone + 1,
    previousUpids: pastUpids(record),
    upid: null,
    progress: null,
    phase: null,
    lastError: null,
    error: null,
    baseline: [],
    effect: 'applied',
  };
}

/** The step succeeded: the job plans anew, or is done. `warnings` are lines of the task's log. */
export function completeStep(
  engine: Engine,
  record: JobRecord,
  facts: Facts,
  warnings: readonly string[] = [],
): Promise<JobRecord | undefined> {
  const result = { ...record.result, ...facts };
  const all = [...record.warnings, ...warnings];
  if (!record.step?.again) return completeJob(engine, record, facts, warnings);
  return move(engine, record, 'step_done', { patch: { ...nextStepPatch(record), result, warnings: all }, details: facts });
}

/** The job has what it wants, whatever its plan still held. */
export function completeJob(
  engine: Engine,
  record: JobRecord,
  facts: Facts,
  warnings: readonly string[] = [],
): Promise<JobRecord | undefined> {
  const result = { ...record.result, ...facts };
  const all = [...record.warnings, ...warnings];
  const event: TransitionEvent =
    record.state === 'sending' ? 'done' : record.state === 'verifying' ? 'verified' : all.length > 0 ? 'task_warned' : 'task_ok';
  const patch: RecordPatch = { result, warnings: all, effect: 'applied', phase: null, progress: 100, lastError: null, error: null };
  return move(engine, record, event, { patch, details: facts });
}

/** Looks at the world before anything else is said about the job. */
export function verifyNext(
  engine: Engine,
  record: JobRecord,
  reason: VerifyReason,
  patch: RecordPatch = {},
): Promise<JobRecord | undefined> {
  return move(engine, record, 'to_verify', { patch: { ...patch, phase: reason }, details: { reason }, ...lostSend(record) });
}

/** The task a request in doubt may yet start, noted when the request is given up. */
function lostSend(record: JobRecord): Pick<Change, 'lost'> {
  const { step } = record;
  if (record.state !== 'in_doubt' || !step?.task) return {};
  return { lost: { node: step.node, id: step.task.id, types: step.task.types } };
}

/** Nobody can know: final until a person settles it. */
export function endUnknown(engine: Engine, record: JobRecord, details: Facts, patch: RecordPatch = {}): Promise<JobRecord | undefined> {
  return move(engine, record, 'undecidable', {
    patch: { lastError: record.lastError ?? 'It cannot be known whether this happened.', ...patch, effect: 'unknown', phase: null },
    details,
    ...lostSend(record),
  });
}

/** Proxmox, or we ourselves, refused the step for good. A resent job never fails, and a convergent one may be there already. */
export function refuse(engine: Engine, record: JobRecord, error: unknown): Promise<JobRecord | undefined> {
  const repeat = record.step?.repeat ?? record.repeat;
  if (record.tainted && record.stepsDone >= engine.settings.maxSteps)
    return endUnknown(engine, record, { error: errorFields(error).lastError });
  const checked = record.state === 'sending' && repeat === 'convergent' && !without?.('worldBeforeFailure');
  if (record.tainted || checked) return verifyNext(engine, record, 'verifying_refusal', errorFields(error));
  const event = record.state === 'ready' ? 'impossible' : 'refused';
  const patch: RecordPatch = { ...errorFields(error), effect: effectBefore(record), phase: null };
  return move(engine, record, event, { patch, details: { error: patch.lastError } });
}

/** What follows once it is shown that the last send had no effect. */
export function endAbsent(engine: Engine, record: JobRecord, details: Facts): Promise<JobRecord | undefined> {
  const step = record.step;
  const again = step !== null && (isResendable(step.repeat) || without?.('repeatClass')) && step.sends < engine.settings.maxSends;
  if (again && !record.cancelRequested)
    return move(engine, record, 'proven_absent', {
      patch: { tainted: record.tainted || !without?.('taint'), phase: 'sending_again' },
      details,
      ...lostSend(record),
    });
  return move(engine, record, 'not_observed', {
    patch: { effect: 'unknown', phase: null, lastError: 'No trace of this was seen in Proxmox. It was most likely never carried out.' },
    details,
    ...lostSend(record),
  });
}
