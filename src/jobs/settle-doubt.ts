import type { ExpectedTask } from '../domain/mutation.ts';
import { isUpid, parseUpid } from '../domain/upid.ts';
import type { Upid } from '../domain/upid.ts';
import { annotate, attemptMove, persistently, plannedJob, unmoved } from './engine.ts';
import type { Engine } from './engine.ts';
import { observe } from './evidence.ts';
import type { Observation } from './evidence.ts';
import { failpoint } from './failpoint.ts';
import type { JobRecord } from './job-record.ts';
import type { JobStep } from './job.ts';
import { without } from './safeguards.ts';
import { endAbsent, endUnknown, verifyNext } from './step-end.ts';
import { stopTask } from './stop-task.ts';

/** A pause that ends early when the job changes or the server stops. */
export type Pause = (milliseconds: number) => Promise<void>;

/** True once so much time has passed since the send that its traces may be gone. */
function isEvidenceOld(engine: Engine, record: JobRecord): boolean {
  return record.sentAt !== null && engine.clock.now().getTime() - Date.parse(record.sentAt) > engine.settings.evidenceMs;
}

/** No single task can be called ours. A convergent write may still be seen in the world; of others nobody can know. */
function undecided(
  engine: Engine,
  record: JobRecord,
  step: JobStep,
  details: Readonly<Record<string, unknown>>,
): Promise<JobRecord | undefined> {
  return step.repeat === 'convergent' ? verifyNext(engine, record, 'verifying_doubt') : endUnknown(engine, record, details);
}

async function adopt(engine: Engine, record: JobRecord, upid: Upid): Promise<JobRecord | 'linked_elsewhere' | undefined> {
  if (failpoint) await failpoint('doubt.before-adoption');
  const patch = { upid, node: isUpid(upid) ? parseUpid(upid).node : record.node, phase: null, lastError: null, error: null };
  const outcome = await persistently(engine, () => attemptMove(engine, record, 'adopted', { patch, link: upid, details: { upid } }));
  if (outcome?.kind === 'linked_elsewhere') return 'linked_elsewhere';
  if (outcome?.kind !== 'moved') return undefined;
  if (outcome.record.cancelRequested) await stopTask(engine, outcome.record);
  return outcome.record;
}

/** Marks a job whose node does not answer, and unmarks it; writes only when that changes. */
async function showReachability(engine: Engine, record: JobRecord, seen: boolean): Promise<JobRecord | undefined> {
  const phase = seen ? 'in_doubt' : 'node_unreachable';
  return record.phase === phase ? record : annotate(engine, record, { phase });
}

async function settleByTasks(
  engine: Engine,
  record: JobRecord,
  step: JobStep,
  task: ExpectedTask,
  pause: Pause,
): Promise<JobRecord | undefined> {
  const { settings, clock } = engine;
  const since = clock.monotonic();
  const quietMs = without?.('quietTime') ? 0 : settings.quietMs;
  let clean = 0;
  for (let look = 0; ; look += 1) {
    const startedAt = clock.monotonic();
    const seen: Observation = await engine.look(step.node, () => observe(engine, record, step.node, task));
    const fresh = unmoved(engine, record);
    if (!fresh) return undefined;
    record = fresh;
    const quiet = startedAt - since >= quietMs;
    if (seen.kind === 'seen') {
      const [first] = seen.candidates;
      const single = seen.candidates.length === 1 || without?.('singleCandidate');
      if (first !== undefined && single && !seen.quarantined) {
        const adopted = await adopt(engine, record, first);
        if (adopted !== 'linked_elsewhere') return adopted;
      } else if (first !== undefined && quiet) {
        return undecided(engine, record, step, { candidates: seen.candidates, quarantined: seen.quarantined });
      } else if (first === undefined) {
        if (seen.truncated || isEvidenceOld(engine, record)) return undecided(engine, record, step, { evidence: 'gone' });
        clean += 1;
        if (quiet && clean >= settings.observationsNeeded && seen.foreign)
          return undecided(engine, record, step, { sent_as: step.sentAs, looked_as: engine.tasks.tokenId });
        if (quiet && clean >= settings.observationsNeeded)
          return endAbsent(engine, record, { observations: clean, quiet_ms: Math.round(startedAt - since) });
      }
    } else if (isEvidenceOld(engine, record)) return undecided(engine, record, step, { evidence: 'too old' });
    const shown = await showReachability(engine, record, seen.kind === 'seen');
    if (!shown) return undefined;
    record = shown;
    await pause(look < 2 ? Math.min(2000 * (look + 1), settings.observeEveryMs) : settings.observeEveryMs);
    if (engine.stopping.aborted) return undefined;
  }
}

async function settleByWorld(engine: Engine, record: JobRecord, step: JobStep, pause: Pause): Promise<JobRecord | undefined> {
  const { settings, clock, work } = engine;
  const since = clock.monotonic();
  const quietMs = without?.('quietTime') ? 0 : settings.quietMs;
  let absent = 0;
  for (;;) {
    const startedAt = clock.monotonic();
    const seen = await engine
      .look(step.node, () => work.verify(plannedJob(engine, record), engine.stopping))
      .catch(() => 'unreadable' as const);
    const fresh = unmoved(engine, record);
    if (!fresh) return undefined;
    record = fresh;
    if (seen === 'achieved') return verifyNext(engine, record, 'verifying_doubt');
    if (seen === 'absent') absent += 1;
    else if (seen === 'unclear') absent = 0;
    if (startedAt - since >= quietMs && seen !== 'unreadable') {
      if (seen === 'unclear') return endUnknown(engine, record, { world: seen });
      if (absent >= settings.observationsNeeded) return endAbsent(engine, record, { observations: absent });
    }
    if (isEvidenceOld(engine, record) && startedAt - since >= quietMs) return endUnknown(engine, record, { world: seen });
    const shown = await showReachability(engine, record, seen !== 'unreadable');
    if (!shown) return undefined;
    record = shown;
    await pause(settings.observeEveryMs);
    if (engine.stopping.aborted) return undefined;
  }
}

/** Finds out what became of a write whose answer was lost. Answers the job further on, or undefined when it is no longer ours. */
export function settleDoubt(engine: Engine, record: JobRecord, pause: Pause): Promise<JobRecord | undefined> {
  const { step } = record;
  if (step === null) return endUnknown(engine, record, { reason: 'no step was recorded' });
  return step.task ? settleByTasks(engine, record, step, step.task, pause) : settleByWorld(engine, record, step, pause);
}
