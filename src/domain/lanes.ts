/** Work in lanes: at most `width` at once under one key, the rest waits its turn, or until its signal ends the waiting. */
export type Lanes = <T>(key: string, work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/**
 * Keeps slow work under one key from crowding out the rest: three requests that hang on a storage are all the workers that
 * a node has. Who waits gets its turn in the order of coming.
 */
export function createLanes(width: number): Lanes {
  const busy = new Map<string, number>();
  const waiting = new Map<string, Set<() => void>>();

  function leave(key: string): void {
    const queue = waiting.get(key);
    const [next] = queue ?? [];
    if (queue && next) {
      queue.delete(next);
      return next();
    }
    const left = (busy.get(key) ?? 1) - 1;
    if (left > 0) busy.set(key, left);
    else {
      busy.delete(key);
      waiting.delete(key);
    }
  }

  /** @throws the reason of the signal */
  function enter(key: string, signal: AbortSignal | undefined): Promise<void> {
    const queue = waiting.get(key) ?? new Set();
    waiting.set(key, queue);
    return new Promise((resolve, reject) => {
      const proceed = (): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = (): void => {
        queue.delete(proceed);
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      if (signal?.aborted === true) return giveUp();
      signal?.addEventListener('abort', giveUp, { once: true });
      queue.add(proceed);
    });
  }

  return async (key, work, signal) => {
    const running = busy.get(key) ?? 0;
    if (running < width) busy.set(key, running + 1);
    else await enter(key, signal);
    try {
      return await work();
    } finally {
      leave(key);
    }
  };
}
