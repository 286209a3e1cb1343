import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { shareRuns } from '../domain/shared-run.ts';
import { asError } from '../domain/thrown.ts';

/** Brings what SQLite has committed to the disk. */
export interface WalSync {
  /**
   * Resolves when everything that was committed before this call is on the disk.
   * @throws what the system said when it could not
   */
  durable(): Promise<void>;
  /**
   * The system may have dropped what it failed to write, and a later sync would not tell: after one failure nothing more is
   * trusted to this file.
   * @throws that failure
   */
  assertSound(): void;
  close(): Promise<void>;
}

/**
 * With `synchronous = full` SQLite syncs its write-ahead log in every commit, on the thread of the event loop and holding the
 * lock of the file. The same sync after the commit, made in a thread beside and once for all that wait, lets the loop, other
 * processes and further commits go on meanwhile. A commit still counts only once it is on the disk.
 * @param path the database, whose `-wal` file exists and is kept by an open connection
 * @see https://www.sqlite.org/pragma.html#pragma_synchronous
 */
export async function openWalSync(path: string): Promise<WalSync> {
  await syncFolder(dirname(path));
  return createWalSync(await open(`${path}-wal`, 'r+'));
}

export function createWalSync(file: Pick<FileHandle, 'datasync' | 'close'>): WalSync {
  let broken: Error | undefined;
  let last: Promise<void> = Promise.resolve();
  const assertSound = (): void => {
    if (broken) throw broken;
  };
  const sync = shareRuns(async () => {
    assertSound();
    try {
      await file.datasync();
    } catch (cause) {
      broken = asError(cause);
      throw broken;
    }
  });
  return {
    durable: () => (last = sync()),
    assertSound,
    async close() {
      await last.catch(() => undefined);
      await file.close();
    },
  };
}

/** Makes the names of new files last, where folders can be opened. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
