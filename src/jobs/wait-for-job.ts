import type { Engine } from './engine.ts';
import { isFinal } from './job.ts';
import type { Job, JobState } from './job.ts';
import type { JobRecord } from './job-record.ts';

/** True when there is nothing more to wait for without a person. */
export function isSettled(state: JobState): boolean {
  return isFinal(state) || state === 'awaiting_approval';
}

/**
 * Resolves with the job once `enough` is true of it; with the job as it stands when the time has passed or the signal aborts.
 * `onChange` sees each change in between.
 */
export async function waitForJob(
  engine: Engine,
  start: JobRecord,
  options: { milliseconds: number; enough: (job: Job) => boolean; signal?: AbortSignal; onChange?: (job: Job) => void },
): Promise<JobRecord> {
  const { milliseconds, enough, signal, onChange } = options;
  let latest = start;
  if (enough(latest) || milliseconds <= 0) return latest;
  const done = new AbortController();
  const stop = engine.board.watch(start.jobId, (record) => {
    if (record.seq <= latest.seq) return;
    latest = record;
    onChange?.(record);
    if (enough(record)) done.abort();
  });
  try {
    const known = engine.board.get(start.jobId);
    if (known && known.seq > latest.seq) latest = known;
    if (enough(latest)) return latest;
    const signals = [done.signal, engine.stopping, ...(signal ? [signal] : [])];
    await engine.clock.sleep(milliseconds, AbortSignal.any(signals));
    return latest;
  } finally {
    stop();
  }
}
