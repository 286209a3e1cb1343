import { statSync } from 'node:fs';

/**
 * Notices that the file behind an open database was moved, deleted or replaced: SQLite would go on writing to what nobody finds
 * again, and a job recorded there is lost with the process.
 * @returns the check, which throws once the path leads elsewhere
 */
export function keepsFile(path: string): () => void {
  const place = placeOf(path);
  return () => {
    if (placeOf(path) !== place) throw new Error(`${path} was moved, deleted or replaced`);
  };
}

/** Device and number of a file, which it keeps as long as it exists. */
function placeOf(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}/${found.ino}`;
}
