/** Lists as they were when they could last be read. */
export interface LastKnown<Row> {
  keep(key: string, rows: readonly Row[]): void;
  /** Undefined for what was never read, or was too much to keep. */
  find(key: string): { readonly rows: readonly Row[]; readonly ageSeconds: number } | undefined;
}

export interface LastKnownOptions {
  /** Rows of all lists together; beyond it the list that was read longest ago is forgotten. */
  readonly maxRows: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
}

/** Keeps lists for the time when what they tell of does not answer. */
export function createLastKnown<Row>({ maxRows, now }: LastKnownOptions): LastKnown<Row> {
  const lists = new Map<string, { readonly rows: readonly Row[]; readonly at: number }>();
  let count = 0;

  function forget(key: string): void {
    count -= lists.get(key)?.rows.length ?? 0;
    lists.delete(key);
  }

  return {
    keep(key, rows) {
      forget(key);
      lists.set(key, { rows, at: now() });
      count += rows.length;
      for (const oldest of lists.keys()) {
        if (count <= maxRows) break;
        forget(oldest);
      }
    },
    find(key) {
      const list = lists.get(key);
      return list && { rows: list.rows, ageSeconds: Math.round((now() - list.at) / 1000) };
    },
  };
}
