/** Lets at most `width` calls per key run at once; the others wait in order. */
export function createGate(width: number): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const busy = new Map<string, number>();
  const waiting = new Map<string, (() => void)[]>();
  return async (key, work) => {
    const running = busy.get(key) ?? 0;
    if (running >= width) {
      await new Promise<void>((resolve) => {
        const queue = waiting.get(key) ?? [];
        queue.push(resolve);
        waiting.set(key, queue);
      });
    } else busy.set(key, running + 1);
    try {
      return await work();
    } finally {
      const next = waiting.get(key)?.shift();
      if (next) next();
      else {
        const left = (busy.get(key) ?? 1) - 1;
        if (left === 0) busy.delete(key);
        else busy.set(key, left);
        if (waiting.get(key)?.length === 0) waiting.delete(key);
      }
    }
  };
}
