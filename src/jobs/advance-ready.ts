import { ERROR_CLASSES, OperationError, toOperationError } from '../domain/operation-error.ts';
import type { Plan } from '../domain/plan.ts';
import { annotate, backoff, move, persistently, plannedJob } from './engine.ts';
import type { Engine } from './engine.ts';
import { failpoint } from './failpoint.ts';
import type { JobRecord } from './job-record.ts';
import { LEFT_READY } from './job.ts';
import { sendStep } from './send-step.ts';
import type { Sent } from './send-step.ts';
import type { Pause } from './settle-doubt.ts';
import { effectBefore, endUnknown, refuse } from './step-end.ts';

/** How often a step is planned and sent before a passing failure is taken for a lasting one. */
const TRIES = 6;

function secretsLost(): OperationError {
  return new OperationError(
    'conflict',
    'The secret fields of this job are gone: they are never stored, and the server that held them has stopped.',
    {
      hint: 'Repeat the call with the secrets, or retry the job and give them again.',
    },
  );
}

function tooManySteps(steps: number): OperationError {
  return new OperationError('internal', `The job was not done after ${steps} steps.`, {
    hint: 'Look at the guest: something undoes what this job does.',
  });
}

/** The plan the caller brought when it is fresh, else a new one. */
async function currentPlan(engine: Engine, record: JobRecord): Promise<Plan> {
  const brought = engine.plans.get(record.jobId);
  engine.plans.delete(record.jobId);
  if (brought && engine.clock.monotonic() - brought.madeAt <= engine.settings.planFreshMs) return brought.plan;
  if (record.hasSecrets && !engine.inputs.has(record.jobId)) throw secretsLost();
  return engine.work.plan(plannedJob(engine, record), engine.stopping);
}

async function tryOnce(engine: Engine, record: JobRecord): Promise<Sent> {
  let plan: Plan;
  try {
    plan = await currentPlan(engine, record);
  } catch (thrown) {
    const error = toOperationError(thrown);
    if (ERROR_CLASSES[error.code].transient) return { kind: 'later', error };
    return { kind: 'went_on', record: await refuse(engine, record, error.withEffect(effectBefore(record))) };
  }
  if (failpoint) await failpoint('ready.after-plan');
  if (plan.kind === 'send') return sendStep(engine, record, plan);
  const result = { ...record.result, ...plan.result };
  const patch = {
    result,
    effect: effectBefore(record) === 'none' ? 'none' : 'applied',
    phase: null,
    progress: 100,
    lastError: null,
    error: null,
  } as const;
  return { kind: 'went_on', record: await move(engine, record, 'nothing_to_do', { patch, details: { message: plan.message } }) };
}

/** Lets go of a job that a read-only server must not send, and says so: whoever may send takes it over. */
async function leaveReady(engine: Engine, record: JobRecord): Promise<JobRecord | undefined> {
  const details = { by: engine.processId, reason: 'The server is read-only: another one has to send this.' };
  return persistently(engine, () => annotate(engine, record, { owner: null, phase: LEFT_READY }, { name: 'left_ready', details }));
}

/** Takes a READY job as far as its next answer. Undefined when it is no longer ours. */
export async function advanceReady(engine: Engine, ready: JobRecord, pause: Pause): Promise<JobRecord | undefined> {
  let record = ready;
  const sends = record.step?.number === record.stepsDone + 1 ? record.step.sends : 0;
  if (sends > 0 && !record.tainted) await pause(backoff(engine, sends - 1));
  for (let tries = 1; ; tries += 1) {
    if (engine.stopping.aborted) return undefined;
    const latest = engine.board.get(record.jobId);
    if (latest && latest.seq > record.seq) {
      if (latest.state !== 'ready' || latest.epoch !== record.epoch) return latest;
      record = latest;
    }
    if (record.cancelRequested)
      return record.tainted
        ? endUnknown(engine, record, { reason: 'cancelled after doubt' })
        : move(engine, record, 'cancelled_before_send', { patch: { effect: effectBefore(record), phase: null } });
    if (!engine.sends) return leaveReady(engine, record);
    if (record.stepsDone >= engine.settings.maxSteps) return refuse(engine, record, tooManySteps(record.stepsDone));
    const sent = await tryOnce(engine, record);
    if (sent.kind === 'went_on') return sent.record;
    if (tries >= TRIES) return refuse(engine, record, sent.error);
    await pause(backoff(engine, tries - 1));
  }
}
