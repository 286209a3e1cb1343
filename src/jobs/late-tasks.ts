import { dropOldest } from '../domain/drop-oldest.ts';
import { isUpid, parseUpid } from '../domain/upid.ts';
import type { Upid } from '../domain/upid.ts';
import { timestamp, timestampAgo } from './engine.ts';
import type { Engine } from './engine.ts';
import { senderOf } from './evidence.ts';

/** Tasks that are remembered as looked at. */
const SEEN_KEPT = 5000;

/**
 * Notes running tasks that no job has, in the history of the jobs that gave up a request for such a task: their end was
 * `unknown`, and this tells the person who settles them that it may have arrived after all.
 */
export function createLateTaskReporter(engine: Engine): (running: readonly Upid[]) => Promise<void> {
  const { store, board, settings } = engine;
  const seen = new Set<Upid>();

  async function report(upid: Upid): Promise<void> {
    const { node, id, type, user } = parseUpid(upid);
    const since = timestampAgo(engine, settings.quarantineMs);
    for (const jobId of await store.unresolved({ node, id, types: [type] }, '', since)) {
      // A job in doubt will find the task by itself.
      if (board.get(jobId)) continue;
      const gaveUp = await store.load(jobId);
      if (!gaveUp || senderOf(engine, gaveUp) !== user) continue;
      await store.note(jobId, { timestamp: timestamp(engine), event: 'late_task_seen', details: { upid } });
    }
  }

  return async (running) => {
    const fresh = running.filter((upid) => !seen.has(upid) && isUpid(upid));
    if (fresh.length === 0) return;
    const linked = await store.linkedElsewhere(fresh, '');
    for (const upid of fresh) {
      if (!linked.has(upid)) await report(upid);
      seen.add(upid);
    }
    dropOldest(seen, SEEN_KEPT);
  };
}
