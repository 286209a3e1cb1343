import { randomBytes } from 'node:crypto';
import type { Jobs } from '../jobs/jobs.ts';
import { viewJobCompact, type CompactJobView } from '../jobs/view.ts';

/** One change of a job, in the order in which this process saw it. */
export interface FeedEntry {
  readonly id: string;
  readonly job: CompactJobView;
}

/** What a reader finds after a place in the feed. */
export interface FeedPage {
  readonly entries: readonly FeedEntry[];
  /** True when changes were missed: the place is too old, or of another process. */
  readonly gap: boolean;
  /** The place after these entries. */
  readonly position: string;
}

/** The latest changes of all jobs. Readers keep a place of their own, so a slow one costs nothing. */
export interface EventFeed {
  /** The place after the newest entry. */
  position(): string;
  after(position: string): FeedPage;
  /** Told of each new entry; returns the way to stop. */
  listen(listener: (entry: FeedEntry) => void): () => void;
  close(): void;
}

const CAPACITY = 2000;
const PAGE = 100;

export function createEventFeed(jobs: Pick<Jobs, 'subscribe'>, capacity = CAPACITY): EventFeed {
  // Numbers start anew with each process, so a place names the process too.
  const epoch = randomBytes(6).toString('hex');
  const ring: FeedEntry[] = [];
  const listeners = new Set<(entry: FeedEntry) => void>();
  let count = 0;

  const placeOf = (number: number): string => `${epoch}-${number}`;
  const unsubscribe = jobs.subscribe((job) => {
    count += 1;
    const entry: FeedEntry = { id: placeOf(count), job: viewJobCompact(job) };
    ring[(count - 1) % capacity] = entry;
    for (const listener of listeners) listener(entry);
  });

  return {
    position: () => placeOf(count),
    after(position) {
      const [process, digits = ''] = position.split('-');
      const number = process === epoch && /^\d{1,15}$/.test(digits) ? Number(digits) : -1;
      const oldest = Math.max(0, count - capacity);
      const gap = number < oldest || number > count;
      const from = gap ? count : number;
      const to = Math.min(count, from + PAGE);
      const entries = Array.from({ length: to - from }, (_unused, index) => ring[(from + index) % capacity]).filter(
        (entry) => entry !== undefined,
      );
      return { entries, gap, position: placeOf(to) };
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      unsubscribe();
      listeners.clear();
    },
  };
}
