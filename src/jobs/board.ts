import { isFinal } from './job.ts';
import type { JobRecord } from './job-record.ts';
import { dropOldest } from '../domain/drop-oldest.ts';
import type { Upid } from '../domain/upid.ts';

/** What this process knows of the open jobs of all processes, and who wants to hear of changes. */
export interface Board {
  /** Takes in a newer record, from a change of our own or of another process. Older ones are dropped. */
  publish(record: JobRecord): void;
  get(jobId: string): JobRecord | undefined;
  open(): Iterable<JobRecord>;
  openCount(): number;
  /** Running jobs of a node, by UPID. */
  running(node: string): ReadonlyMap<Upid, JobRecord>;
  nodes(): readonly string[];
  /** Hears of every job. */
  listen(listener: (record: JobRecord) => void): () => void;
  /** Hears of one job. */
  watch(jobId: string, listener: (record: JobRecord) => void): () => void;
  /** How many listen or watch. */
  listenerCount(): number;
}

/** Jobs that have ended and are remembered, so that an older record of one is known as such. */
const ENDED_KEPT = 2000;

export function createBoard(): Board {
  const known = new Map<string, JobRecord>();
  const byNode = new Map<string, Map<Upid, JobRecord>>();
  // A finished job may come by again through the feed.
  const ended = new Map<string, number>();
  const listeners = new Set<(record: JobRecord) => void>();
  const watchers = new Map<string, Set<(record: JobRecord) => void>>();

  function place(previous: JobRecord | undefined, record: JobRecord): void {
    if (previous?.state === 'running' && previous.upid !== null && previous.node !== null) {
      const running = byNode.get(previous.node);
      running?.delete(previous.upid);
      if (running?.size === 0) byNode.delete(previous.node);
    }
    if (record.state !== 'running' || record.upid === null || record.node === null) return;
    let running = byNode.get(record.node);
    if (!running) byNode.set(record.node, (running = new Map()));
    running.set(record.upid, record);
  }

  return {
    publish(record) {
      const previous = known.get(record.jobId);
      if ((previous?.seq ?? ended.get(record.jobId) ?? -1) >= record.seq) return;
      place(previous, record);
      if (isFinal(record.state)) {
        known.delete(record.jobId);
        ended.set(record.jobId, record.seq);
        dropOldest(ended, ENDED_KEPT);
      } else {
        known.set(record.jobId, record);
        ended.delete(record.jobId);
      }
      for (const listener of listeners) listener(record);
      for (const watcher of watchers.get(record.jobId) ?? []) watcher(record);
    },
    get: (jobId) => known.get(jobId),
    open: () => known.values(),
    openCount: () => known.size,
    running: (node) => byNode.get(node) ?? new Map<Upid, JobRecord>(),
    nodes: () => [...byNode.keys()],
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    watch(jobId, watcher) {
      const beside = watchers.get(jobId) ?? new Set();
      watchers.set(jobId, beside.add(watcher));
      return () => {
        beside.delete(watcher);
        if (beside.size === 0 && watchers.get(jobId) === beside) watchers.delete(jobId);
      };
    },
    listenerCount: () => listeners.size + watchers.size,
  };
}
