import { dropOldest } from '../domain/drop-oldest.ts';
import { OperationError } from '../domain/operation-error.ts';

/** Stands between callers and things that may hang, each under its own key. */
export interface Breaker {
  /** Whether the key is left alone for now. */
  isOpen(key: string): boolean;
  /** @throws OperationError `timeout` at once while the key is left alone; else whatever the work throws */
  run<T>(key: string, work: () => Promise<T>): Promise<T>;
}

export interface BreakerOptions {
  /** What a key is, for messages: `Storage nfs on node pve1`. */
  readonly name: (key: string) => string;
  /** How long a key that did not answer is left alone, milliseconds. */
  readonly restMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** More keys than any cluster has storages; beyond it the oldest is forgotten, which costs one more try. */
const MAX_KEYS = 5000;

/**
 * Leaves alone what did not answer: after one timeout nothing is sent for a while, then one call tries it for all. A refusal
 * is an answer. Never used for what a write is decided by.
 */
export function createBreaker({ name, restMs, now }: BreakerOptions): Breaker {
  const hungAt = new Map<string, number>();
  const trying = new Set<string>();

  const isOpen = (key: string): boolean => {
    const since = hungAt.get(key);
    return since !== undefined && (now() - since < restMs || trying.has(key));
  };

  return {
    isOpen,
    async run(key, work) {
      if (isOpen(key)) throw leftAlone(name(key), now() - (hungAt.get(key) ?? 0), restMs);
      const isTrial = hungAt.has(key);
      if (isTrial) trying.add(key);
      try {
        const result = await work();
        hungAt.delete(key);
        return result;
      } catch (error) {
        if (isSilence(error)) {
          hungAt.delete(key);
          hungAt.set(key, now());
          dropOldest(hungAt, MAX_KEYS);
        } else {
          hungAt.delete(key);
        }
        throw error;
      } finally {
        if (isTrial) trying.delete(key);
      }
    },
  };
}

function isSilence(error: unknown): boolean {
  return error instanceof OperationError && error.code === 'timeout';
}

function leftAlone(what: string, agoMs: number, restMs: number): OperationError {
  const seconds = (ms: number): number => Math.max(0, Math.ceil(ms / 1000));
  return new OperationError(
    'timeout',
    `${what} did not answer ${seconds(agoMs)} s ago and is asked again in ${seconds(restMs - agoMs)} s.`,
    {
      hint: 'Look at the storage on that node; the rest of the cluster is not affected.',
    },
  );
}
