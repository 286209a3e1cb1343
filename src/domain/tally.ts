/** How many there are under each key. A key without any is not kept. */
export interface Tally {
  /** How many there are under one key. */
  of(key: string): number;
  /** How many there are in all. */
  total(): number;
  keys(): Iterable<string>;
  add(key: string): void;
  remove(key: string): void;
}

export function createTally(): Tally {
  const counts = new Map<string, number>();
  let total = 0;
  return {
    of: (key) => counts.get(key) ?? 0,
    total: () => total,
    keys: () => counts.keys(),
    add(key) {
      counts.set(key, (counts.get(key) ?? 0) + 1);
      total += 1;
    },
    remove(key) {
      const count = counts.get(key);
      if (count === undefined) return;
      if (count > 1) counts.set(key, count - 1);
      else counts.delete(key);
      total -= 1;
    },
  };
}
