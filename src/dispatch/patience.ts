import type { Clock } from '../domain/clock.ts';

/** A write needs several turns of the event loop. So many are enough for it, however long each of them takes. */
const SLICES = 20;

/**
 * Waits for what somebody else does, such as a disk, at most so long. Time in which this process could not run itself does not
 * count: each slice of the wait counts with its own length, however late it ends. So a busy event loop or processor lengthens the
 * wait, and only a disk that does not answer ends it.
 * @throws Error when it is not done by then
 */
export async function withPatience(work: Promise<void>, { clock, withinMs }: { clock: Clock; withinMs: number }): Promise<void> {
  const done = new AbortController();
  const patience = async (): Promise<void> => {
    for (let slice = 0; slice < SLICES && !done.signal.aborted; slice += 1) await clock.sleep(withinMs / SLICES, done.signal);
    if (!done.signal.aborted) throw new Error(`not done within ${withinMs} ms`);
  };
  try {
    await Promise.race([work, patience()]);
  } finally {
    done.abort();
  }
}
