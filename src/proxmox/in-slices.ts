import { setImmediate as nextTurn } from 'node:timers/promises';

const ROWS_PER_SLICE = 1000;

/** `rows.flatMap(read)` that lets others have the event loop after every thousand rows. */
export async function flatMapInSlices<Row, Result>(
  rows: readonly Row[],
  read: (row: Row) => readonly Result[],
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let start = 0; start < rows.length; start += ROWS_PER_SLICE) {
    if (start > 0) await nextTurn();
    for (const row of rows.slice(start, start + ROWS_PER_SLICE)) results.push(...read(row));
  }
  return results;
}
