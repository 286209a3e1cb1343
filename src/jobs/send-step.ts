import { describeStep } from '../domain/mutation.ts';
import { OperationError, toOperationError } from '../domain/operation-error.ts';
import type { Facts, SendPlan } from '../domain/plan.ts';
import { isUpid, parseUpid, type Upid } from '../domain/upid.ts';
import { annotate, attemptMove, errorFields, move, persistently, plannedJob, timestamp } from './engine.ts';
import type { Engine } from './engine.ts';
import { failpoint } from './failpoint.ts';
import type { JobRecord, RecordPatch } from './job-record.ts';
import type { JobStep } from './job.ts';
import { readEvidence } from './evidence.ts';
import type { Answer } from './ports.ts';
import { without } from './safeguards.ts';
import { completeStep, effectBefore, refuse } from './step-end.ts';
import { stopTask } from './stop-task.ts';

/** What became of a plan: a job further on, a job that is no longer ours, or a reason to try later. */
export type Sent =
  | { readonly kind: 'went_on'; readonly record: JobRecord | undefined }
  | { readonly kind: 'later'; readonly error: OperationError };

/** How long beyond its own limit a command may take to be answered. */
const COMMAND_GRACE_MS = 30_000;

/** Sends and waits, within bounds. The record that comes back holds what was noted meanwhile. */
async function sendAndWait(
  engine: Engine,
  record: JobRecord,
  plan: SendPlan,
  sendBefore: number,
): Promise<{ answer: Answer; record: JobRecord }> {
  const { step } = plan;
  const limit = step.kind === 'command' ? step.timeoutSeconds * 1000 + COMMAND_GRACE_MS : engine.settings.answerTimeoutMs;
  const answered = new AbortController();
  let latest = record;
  const tooLate = engine.clock.sleep(limit, answered.signal).then((): Answer => {
    const error = new OperationError('timeout', `Proxmox did not answer within ${Math.round(limit / 1000)} s.`, { effect: 'unknown' });
    return { kind: 'in_doubt', error };
  });
  const options = {
    sendBefore,
    async record(facts: Facts): Promise<void> {
      latest = (await annotate(engine, latest, { result: { ...latest.result, ...facts } })) ?? latest;
    },
  };
  try {
    const answer = await Promise.race([engine.work.send(plannedJob(engine, record), plan, options), tooLate]);
    return { answer, record: latest };
  } catch (thrown) {
    return { answer: { kind: 'in_doubt', error: toOperationError(thrown).withEffect('unknown') }, record: latest };
  } finally {
    answered.abort();
  }
}

async function recordAnswer(engine: Engine, record: JobRecord, answer: Answer): Promise<JobRecord | undefined> {
  const hasSendsLeft = (record.step?.sends ?? 0) < engine.settings.maxSends;
  const waiting: RecordPatch = { phase: 'sending_again', effect: effectBefore(record) };
  switch (answer.kind) {
    case 'task': {
      if (!isUpid(answer.upid)) return move(engine, record, 'doubted', { details: { answer: String(answer.upid).slice(0, 200) } });
      const patch: RecordPatch = { upid: answer.upid, node: parseUpid(answer.upid).node, phase: null, lastError: null, error: null };
      const outcome = await persistently(engine, () =>
        attemptMove(engine, record, 'started', { patch, link: answer.upid, details: { upid: answer.upid } }),
      );
      if (outcome?.kind === 'linked_elsewhere')
        return move(engine, record, 'doubted', { details: { upid: answer.upid, linked_to: outcome.jobId } });
      if (outcome?.kind !== 'moved') return undefined;
      if (outcome.record.cancelRequested) await stopTask(engine, outcome.record);
      return outcome.record;
    }
    case 'done':
      return completeStep(engine, record, answer.result);
    case 'not_sent':
      if (!hasSendsLeft) return refuse(engine, record, answer.error);
      return move(engine, record, 'not_sent', {
        patch: { ...waiting, ...errorFields(answer.error) },
        details: { error: answer.error.message },
      });
    case 'refused':
      if (!answer.mayResend || !hasSendsLeft) return refuse(engine, record, answer.error);
      return move(engine, record, 'refused_for_now', {
        patch: { ...waiting, ...errorFields(answer.error) },
        details: { error: answer.error.message },
      });
    case 'in_doubt':
      if (without?.('ambiguityIsDoubt'))
        return move(engine, record, 'refused', { patch: { ...errorFields(answer.error), effect: 'none' } });
      return move(engine, record, 'doubted', {
        patch: { ...errorFields(answer.error), phase: 'in_doubt' },
        details: { error: answer.error.message },
      });
  }
}

/** The fields of a job that is about to send this step. */
function intentOf(engine: Engine, record: JobRecord, plan: SendPlan, baseline: readonly Upid[]): RecordPatch & { readonly step: JobStep } {
  const { step } = plan;
  const number = record.stepsDone + 1;
  const sentBefore = record.step?.number === number ? record.step.sends : 0;
  return {
    step: {
      number,
      node: step.node,
      task: step.task,
      repeat: step.repeat ?? record.repeat,
      again: plan.again,
      sends: sentBefore + 1,
      sentAs: engine.tasks.tokenId,
      description: describeStep(step),
    },
    node: step.node,
    targets: [...new Set([...record.targets, ...step.targets])],
    baseline,
    sentAt: timestamp(engine),
    attempts: record.attempts + 1,
    effect: 'unknown',
    phase: null,
    result: { ...record.result, ...plan.result },
  };
}

/**
 * Hands one planned step to Proxmox: audit, baseline, intent, bytes, answer, in this order. Whatever stops it in between
 * leaves a record that says how far it can have come.
 */
export async function sendStep(engine: Engine, record: JobRecord, plan: SendPlan): Promise<Sent> {
  const { step } = plan;
  const { settings, clock } = engine;
  if (failpoint) await failpoint('send.before-audit');
  // Read while the audit log is written: both are done before the intent is recorded.
  const observed = step.task && !without?.('baseline') ? readEvidence(engine, step.node, step.task, engine.tasks.tokenId) : undefined;
  observed?.catch(() => undefined);
  try {
    await engine.work.beforeSend(record, plan);
  } catch (thrown) {
    return { kind: 'went_on', record: await refuse(engine, record, thrown) };
  }
  if (failpoint) await failpoint('send.after-audit');
  let baseline: readonly Upid[];
  try {
    baseline = (await observed)?.upids ?? [];
  } catch (thrown) {
    return { kind: 'later', error: toOperationError(thrown).withEffect(effectBefore(record)) };
  }
  if (failpoint) await failpoint('send.after-baseline');
  // Taken before the intent is written, so that a pause in between counts.
  const sendBefore = clock.monotonic() + settings.sendWithinMs;
  const patch = intentOf(engine, record, plan, baseline);
  const early = without?.('writeAhead') ? await sendAndWait(engine, { ...record, ...patch }, plan, sendBefore) : undefined;
  const { number, sends, description } = patch.step;
  const intent = await persistently(engine, () =>
    attemptMove(engine, record, 'sending', {
      patch,
      claims: without?.('targetClaims') ? [] : step.targets,
      details: { step: number, send: sends, request: description },
    }),
  );
  if (intent?.kind === 'held')
    return {
      kind: 'later',
      error: new OperationError('conflict', `Job ${intent.jobId} holds ${intent.target}.`, {
        details: { job_id: intent.jobId, target: intent.target },
      }),
    };
  if (intent?.kind !== 'moved') return { kind: 'went_on', record: undefined };
  if (failpoint) await failpoint('send.after-intent');
  const deadline = without?.('sendDeadline') ? Number.POSITIVE_INFINITY : sendBefore;
  const asked = early ? { ...early, record: intent.record } : await sendAndWait(engine, intent.record, plan, deadline);
  if (failpoint) await failpoint('send.after-answer');
  return { kind: 'went_on', record: await recordAnswer(engine, asked.record, asked.answer) };
}
