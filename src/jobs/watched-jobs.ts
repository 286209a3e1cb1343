import { createTally } from '../domain/tally.ts';
import type { Engine } from './engine.ts';
import type { ProgressReader } from './task-log.ts';

/** Jobs that somebody here waits for: their nodes are looked at in every round, and their logs are read for progress. */
export interface WatchedJobs {
  /** Watches a job for as long as somebody waits for it. */
  during<T>(jobId: string, wait: () => Promise<T>): Promise<T>;
  areOn(node: string): boolean;
}

export function createWatchedJobs(engine: Engine, progress: Pick<ProgressReader, 'read'>): WatchedJobs {
  const { board, clock, settings } = engine;
  const watched = createTally();
  let isReading = false;

  async function readProgress(): Promise<void> {
    if (isReading) return;
    isReading = true;
    while (watched.total() > 0 && !engine.stopping.aborted) {
      const running = [...watched.keys()].map((jobId) => board.get(jobId)).filter((record) => record !== undefined);
      await Promise.all(running.slice(0, settings.progressJobs).map((record) => progress.read(record)));
      await clock.sleep(settings.followEveryMs, engine.stopping);
    }
    isReading = false;
  }

  return {
    async during(jobId, wait) {
      watched.add(jobId);
      void engine.during(readProgress());
      try {
        return await wait();
      } finally {
        watched.remove(jobId);
      }
    },
    areOn: (node) => [...watched.keys()].some((jobId) => board.get(jobId)?.node === node),
  };
}
