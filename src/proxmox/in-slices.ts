import { takeTurn } from './turns.ts';

const ROWS_PER_SLICE = 1000;
/** Fewer are read at once. */
const FEW_ROWS = 100;

/** `rows.flatMap(read)` that lets others have the event loop before and after every thousand rows. */
export async function flatMapInSlices<Row, Result>(
  rows: readonly Row[],
  read: (row: Row) => readonly Result[],
): Promise<readonly Result[]> {
  if (rows.length <= FEW_ROWS) return rows.flatMap(read);
  const results: Result[] = [];
  for (let start = 0; start < rows.length; start += ROWS_PER_SLICE) {
    await takeTurn('next');
    const end = Math.min(start + ROWS_PER_SLICE, rows.length);
    for (let index = start; index < end; index += 1) {
      const row = rows[index];
      if (row !== undefined) for (const result of read(row)) results.push(result);
    }
  }
  return results;
}
