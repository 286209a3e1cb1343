import { describeStep } from '../domain/mutation.ts';
import { ERROR_CLASSES, toOperationError } from '../domain/operation-error.ts';
import { completeJob, completeStep, effectBefore, endUnknown, nextStepPatch } from './step-end.ts';
import type { VerifyReason } from './step-end.ts';
import type { Engine } from './engine.ts';
import { move, plannedJob, unmoved } from './engine.ts';
import { failpoint } from './failpoint.ts';
import type { JobRecord } from './job-record.ts';
import type { Pause } from './settle-doubt.ts';

/** `step_achieved`: the job is not done, and its plan has gone on to another step. */
type Seen = 'achieved' | 'step_achieved' | 'absent' | 'unclear' | 'unreadable';

function patienceMs(engine: Engine, reason: VerifyReason): number {
  if (reason === 'verifying_ha') return engine.settings.haPatienceMs;
  if (reason === 'verifying_refusal' || reason === 'verifying_failure') return 0;
  return engine.settings.verifyPatienceMs;
}

/** A step in the middle has no look of its own: the plan tells whether it is still to be done. */
async function lookAtStep(engine: Engine, record: JobRecord, seen: Seen): Promise<Seen> {
  const { step } = record;
  if (!step?.again || step.number !== record.stepsDone + 1) return seen;
  try {
    const plan = await engine.work.plan(plannedJob(engine, record), engine.stopping);
    if (plan.kind === 'unchanged') return 'achieved';
    return JSON.stringify(describeStep(plan.step)) === JSON.stringify(step.description) ? seen : 'step_achieved';
  } catch (thrown) {
    // A plan that has become impossible is for the next state to report.
    return ERROR_CLASSES[toOperationError(thrown).code].transient ? 'unreadable' : 'step_achieved';
  }
}

async function lookAtWorld(engine: Engine, record: JobRecord): Promise<Seen> {
  try {
    const seen = await engine.work.verify(plannedJob(engine, record), engine.stopping);
    return seen === 'achieved' ? seen : await lookAtStep(engine, record, seen);
  } catch {
    return 'unreadable';
  }
}

/** What a job ends as when the world does not show its effect. */
function conclude(engine: Engine, record: JobRecord, reason: VerifyReason, seen: Seen): Promise<JobRecord | undefined> {
  const definite = reason === 'verifying_refusal' || reason === 'verifying_failure';
  // A convergent step in the middle may simply be done again.
  if (!definite && record.step?.again && record.step.repeat === 'convergent')
    return move(engine, record, 'step_done', { patch: { ...nextStepPatch(record), effect: 'unknown' }, details: { world: seen } });
  if (record.tainted || seen === 'unreadable') return endUnknown(engine, record, { world: seen });
  switch (reason) {
    case 'verifying_refusal':
      return move(engine, record, 'not_achieved', { patch: { effect: effectBefore(record), phase: null }, details: { world: seen } });
    case 'verifying_failure':
      // The task failed and the world is as it was.
      return move(engine, record, 'not_achieved', {
        patch: { effect: seen === 'absent' ? effectBefore(record) : 'unknown', phase: null },
        details: { world: seen },
      });
    case 'verifying_end':
      if (seen !== 'absent') return endUnknown(engine, record, { world: seen });
      return move(engine, record, record.cancelRequested ? 'task_cancelled' : 'not_achieved', {
        patch: { effect: 'unknown', phase: null },
        details: { world: seen },
      });
    case 'verifying_ha':
    case 'verifying_lost_task':
    case 'verifying_doubt':
      return endUnknown(engine, record, { world: seen });
  }
}

/** Asks the world whether a job has had its effect, with the patience its case deserves. */
export async function verifyWorld(engine: Engine, record: JobRecord, pause: Pause): Promise<JobRecord | undefined> {
  const { settings, clock } = engine;
  const reason = (record.phase ?? 'verifying_end') as VerifyReason;
  const since = clock.monotonic();
  for (;;) {
    if (failpoint) await failpoint('verify.before-look');
    const looked = record;
    const seen = await engine.look(record.node ?? '', () => lookAtWorld(engine, looked));
    const fresh = unmoved(engine, record);
    if (!fresh) return undefined;
    record = fresh;
    if (seen === 'achieved') return completeJob(engine, record, {});
    if (seen === 'step_achieved') return completeStep(engine, record, {});
    const waited = clock.monotonic() - since;
    if (seen === 'unreadable' ? waited >= settings.verifyGiveUpMs : waited >= patienceMs(engine, reason))
      return conclude(engine, record, reason, seen);
    await pause(settings.verifyEveryMs);
    if (engine.stopping.aborted) return undefined;
  }
}
