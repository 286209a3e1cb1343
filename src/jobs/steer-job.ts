import { OperationError } from '../domain/operation-error.ts';
import { isPerson, type Principal } from '../domain/principal.ts';
import { isResendable } from '../domain/repeat-class.ts';
import { targetHeld } from './accept-job.ts';
import { attemptMove, timestamp } from './engine.ts';
import type { Change, Engine } from './engine.ts';
import type { JobRecord } from './job-record.ts';
import { isDoubtful, isFinal } from './job.ts';
import type { Job } from './job.ts';
import type { ApprovalAnswer, Resolution } from './jobs.ts';
import { without } from './safeguards.ts';
import { stopTask } from './stop-task.ts';
import { effectBefore } from './step-end.ts';
import type { TransitionEvent } from './transitions.ts';

/** How often a job may move between the look at it and the change. */
const TRIES = 5;

/** @throws OperationError `not_found` */
export async function loadJob(engine: Engine, jobId: string): Promise<JobRecord> {
  const record = await engine.store.load(jobId);
  if (record) return record;
  throw new OperationError('not_found', `There is no job ${JSON.stringify(jobId.slice(0, 80))}.`, {
    hint: 'List the jobs to find it. Finished jobs are deleted after a while.',
    details: { job_id: jobId.slice(0, 80) },
  });
}

/** What a person hears whose wish does not fit the job as it stands. */
export function refused(record: JobRecord, message: string, hint: string): OperationError {
  return new OperationError('conflict', message, { hint, details: { job_id: record.jobId, state: record.state } });
}

/** Makes a change that a person asked for. `choose` judges the job anew when it moved meanwhile. */
export async function steer(
  engine: Engine,
  jobId: string,
  choose: (record: JobRecord) => { event: TransitionEvent; change: Change },
): Promise<JobRecord> {
  let record = await loadJob(engine, jobId);
  for (let tries = 0; tries < TRIES; tries += 1) {
    const { event, change } = choose(record);
    const outcome = await attemptMove(engine, record, event, change);
    if (outcome.kind === 'moved') return outcome.record;
    if (outcome.kind === 'held') throw targetHeld(outcome);
    record = await loadJob(engine, jobId);
  }
  throw refused(record, 'The job keeps changing.', 'Look at it again and repeat the call.');
}

/** Notes the wish to cancel, and asks Proxmox to stop the task. @throws OperationError `conflict` when the job is over */
export async function cancelJob(engine: Engine, jobId: string, by: Principal): Promise<Job> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const record = await loadJob(engine, jobId);
    if (isFinal(record.state)) throw refused(record, `The job is over (${record.state}) and cannot be cancelled.`, 'Nothing was changed.');
    if ((record.state === 'ready' || record.state === 'awaiting_approval') && !record.tainted) {
      const patch = { cancelRequested: true, effect: effectBefore(record), phase: null };
      const outcome = await attemptMove(engine, record, 'cancelled_before_send', { patch, details: { by: by.id } });
      if (outcome.kind === 'moved') return outcome.record;
      continue;
    }
    if (record.cancelRequested) {
      // Said once already: asking again must not grow the history.
      if (record.state === 'running') await stopTask(engine, record);
      return record;
    }
    const patch = record.state === 'running' ? { cancelRequested: true, phase: 'cancel_requested' } : { cancelRequested: true };
    const noted = await engine.store.annotate({
      jobId,
      epoch: null,
      patch,
      timestamp: timestamp(engine),
      event: { name: 'cancel_requested', details: { by: by.id, upid: record.upid } },
    });
    if (!noted) continue;
    engine.board.publish(noted);
    if (noted.state === 'running') await stopTask(engine, noted);
    return noted;
  }
  throw refused(await loadJob(engine, jobId), 'The job keeps changing.', 'Look at it again and repeat the call.');
}

/** A person's answer to a job that asks. @throws OperationError `conflict` when it was answered, has expired, or its target is held */
export function decideJob(engine: Engine, jobId: string, by: Principal, { approve, reason }: ApprovalAnswer): Promise<Job> {
  return steer(engine, jobId, (record) => {
    if (record.state !== 'awaiting_approval')
      throw refused(record, `The job waits for no approval (${record.state}).`, 'Nothing was changed.');
    const at = timestamp(engine);
    if (record.expiresAt !== null && record.expiresAt <= at)
      throw refused(record, 'The approval came too late: the request has expired.', 'Make the call again.');
    const details = { by: by.id, reason };
    const answered = { ...record.approval, decided_by: by.id, decided_at: at, approved: approve, reason };
    if (!approve)
      return { event: 'rejected', change: { patch: { approval: answered, lastError: reason ?? 'A person rejected this.' }, details } };
    return {
      event: 'approved',
      change: { patch: { approval: answered }, details, claims: without?.('targetClaims') ? [] : record.targets },
    };
  });
}

/** Phases of a running job whose task cannot be looked at: its node may never come back. */
const OUT_OF_REACH: ReadonlySet<string> = new Set(['node_unreachable', 'task_unreadable']);

/** Settles a doubtful job, or one whose task is out of reach, by a person's word. @throws OperationError `conflict` when it is not doubtful, `denied` */
export function resolveJob(engine: Engine, jobId: string, by: Principal, { outcome, reason }: Resolution): Promise<Job> {
  return steer(engine, jobId, (record) => {
    const outOfReach = record.state === 'running' && OUT_OF_REACH.has(record.phase ?? '');
    if (!isDoubtful(record.state) && !outOfReach)
      throw refused(record, `The outcome of this job is known, or will be (${record.state}).`, 'Nothing was changed.');
    if ((outOfReach || !isResendable(record.repeat)) && !isPerson(by))
      throw new OperationError('denied', 'Only a person may say how a job ended that does harm when it is done twice.', {
        hint: 'A person looks at the cluster and resolves the job.',
        details: { job_id: jobId, state: record.state },
      });
    const patch = {
      resolvedAt: timestamp(engine),
      phase: null,
      effect: outcome === 'succeeded' || record.stepsDone > 0 || record.earlierEffect === 'applied' ? 'applied' : 'none',
      lastError: outcome === 'succeeded' ? null : reason,
    } as const;
    return { event: outcome === 'succeeded' ? 'resolved_succeeded' : 'resolved_failed', change: { patch, details: { by: by.id, reason } } };
  });
}
