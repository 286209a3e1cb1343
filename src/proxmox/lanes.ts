/** Work in lanes: at most `width` at once under one key, the rest waits its turn. */
export type Lanes = <T>(key: string, work: () => Promise<T>) => Promise<T>;

/**
 * Keeps slow work under one key from crowding out the rest: three requests that hang on a storage are all the workers that
 * a node has.
 */
export function createLanes(width: number): Lanes {
  const busy = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();

  function leave(key: string): void {
    const next = waiting.get(key)?.shift();
    if (next) return next();
    const left = (busy.get(key) ?? 1) - 1;
    if (left > 0) busy.set(key, left);
    else {
      busy.delete(key);
      waiting.delete(key);
    }
  }

  return async (key, work) => {
    const running = busy.get(key) ?? 0;
    if (running < width) busy.set(key, running + 1);
    else {
      await new Promise<void>((resolve) => {
        waiting.set(key, [...(waiting.get(key) ?? []), resolve]);
      });
    }
    try {
      return await work();
    } finally {
      leave(key);
    }
  };
}
