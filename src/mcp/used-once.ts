/** Remembers what was used, so that nothing counts twice. */
export interface UsedOnce {
  /** True the first time, false from then on. */
  use(nonce: string): boolean;
}

/**
 * Keeps nonces until what they belong to has expired by itself. Holds at most `capacity`; beyond that everything new counts
 * as used, so that a flood makes people be asked again and never lets an old answer pass.
 */
export function createUsedOnce({ keepMs, capacity, now }: { keepMs: number; capacity: number; now(): number }): UsedOnce {
  const until = new Map<string, number>();
  return {
    use(nonce) {
      const time = now();
      for (const [old, end] of until) {
        if (end > time) break;
        until.delete(old);
      }
      if (until.has(nonce) || until.size >= capacity) return false;
      until.set(nonce, time + keepMs);
      return true;
    },
  };
}
