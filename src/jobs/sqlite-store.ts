import { chmodSync, closeSync, existsSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { Kysely, SqliteAdapter, SqliteDialect, sql } from 'kysely';
import type { Clock } from '../domain/clock.ts';
import { systemClock } from '../domain/clock.ts';
import { OperationError } from '../domain/operation-error.ts';
import { asError, systemCode } from '../domain/thrown.ts';
import type { JobsDatabase } from './database.ts';
import type { JobStore } from './job-store.ts';
import { importV1, isV1, setAsideV1, v1Version } from './migrate-v1.ts';
import { migrate } from './migrations.ts';
import { nodeSqlite } from './node-sqlite.ts';
import { keepsFile } from './same-file.ts';
import { sqlStore } from './sql-store.ts';
import { storeFailure } from './store-failure.ts';
import { openWalSync } from './wal-sync.ts';

export interface SqliteStoreOptions {
  readonly clock?: Clock;
  /** How long SQLite itself waits for a lock; it blocks the whole process meanwhile. */
  readonly busyTimeoutMs?: number;
  /** How long a transaction is tried again in all. */
  readonly giveUpAfterMs?: number;
  /** Largest size of the file in pages of 4 KiB; unbounded unless given. */
  readonly maxPages?: number;
  /** How commits are brought to the disk. */
  readonly openSync?: typeof openWalSync;
}

/** What a long reader made the log grow beyond is given back once it is gone. */
const LOG_KEPT_BYTES = 16 * 2 ** 20;

/** SQLite can roll back changes of its schema, which kysely's adapter does not say. */
class TransactionalSqliteAdapter extends SqliteAdapter {
  override get supportsTransactionalDdl(): boolean {
    return true;
  }
}

class TransactionalSqliteDialect extends SqliteDialect {
  override createAdapter(): SqliteAdapter {
    return new TransactionalSqliteAdapter();
  }
}

function isBusy(cause: unknown): boolean {
  return cause instanceof Error && /database (table )?is locked|SQLITE_BUSY/i.test(cause.message);
}

/** Creates the file for its owner only, and its folder too when it is missing. */
function prepareFile(path: string): void {
  if (path === ':memory:') return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

/** Keeps a copy of the predecessor's database beside it. Answers the path of the copy. */
async function backUp(db: Kysely<JobsDatabase>, path: string): Promise<string> {
  for (let number = 1; ; number += 1) {
    const copy = number === 1 ? `${path}.v1-backup` : `${path}.v1-backup-${number}`;
    try {
      closeSync(openSync(copy, 'wx', 0o600));
    } catch (cause) {
      // Another server that starts now may be making one too.
      if (systemCode(cause) === 'EEXIST') continue;
      throw cause;
    }
    try {
      await sql`vacuum into ${copy}`.execute(db);
      return copy;
    } catch (cause) {
      // Half a copy is none, and every start would leave one more.
      rmSync(copy, { force: true });
      throw cause;
    }
  }
}

async function prepareSchema(db: Kysely<JobsDatabase>, path: string): Promise<void> {
  if (await isV1(db)) {
    const version = await v1Version(db);
    if (version > 1)
      throw new OperationError('internal', `The job database ${path} has schema ${version} of another version of this server.`, {
        hint: 'Start that version again, or point this one at another file. Nothing was changed.',
        details: { code: 'job_store_too_new' },
      });
    await backUp(db, path);
  }
  await db.transaction().execute(async (trx) => {
    const old = await isV1(trx);
    if (old) await setAsideV1(trx);
    await migrate(trx);
    if (old) await importV1(trx);
  });
}

/**
 * Opens, and when needed creates or migrates, a job database in one file that several processes may share. A database of
 * the predecessor is copied to `<path>.v1-backup` first.
 * @param path a file, or `:memory:`
 * @throws OperationError `internal` when the file cannot be used or a newer version wrote it
 */
export async function openSqliteStore(path: string, options: SqliteStoreOptions = {}): Promise<JobStore> {
  const { clock = systemClock, busyTimeoutMs = 50, giveUpAfterMs = 10_000, maxPages, openSync = openWalSync } = options;
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    const until = clock.monotonic() + giveUpAfterMs;
    for (let pause = 5; ; pause = Math.min(pause * 2, 100)) {
      try {
        return await work();
      } catch (cause) {
        if (!isBusy(cause) || clock.monotonic() >= until) throw cause;
        await clock.sleep(pause / 2 + Math.random() * pause);
      }
    }
  };
  try {
    prepareFile(path);
    const database = await attempt(() => {
      const opened = nodeSqlite(path, busyTimeoutMs);
      try {
        opened.raw.exec('pragma journal_mode = wal; pragma synchronous = full; pragma wal_autocheckpoint = 1000;');
        opened.raw.exec(`pragma journal_size_limit = ${LOG_KEPT_BYTES}`);
        if (maxPages !== undefined) opened.raw.exec(`pragma max_page_count = ${Math.floor(maxPages)}`);
      } catch (cause) {
        opened.close();
        return Promise.reject(asError(cause));
      }
      return Promise.resolve(opened);
    });
    const db = new Kysely<JobsDatabase>({ dialect: new TransactionalSqliteDialect({ database }) });
    const traits = { nowMs: () => sql<number>`${clock.now().getTime()}`, locksRows: false, attempt };
    try {
      await attempt(() => prepareSchema(db, path));
      if (path === ':memory:') return sqlStore(db, traits);
      const assertSameFile = keepsFile(path);
      const disk = await openSync(path);
      database.raw.exec('pragma synchronous = normal');
      const assertSound = (): void => {
        disk.assertSound();
        assertSameFile();
      };
      const store = sqlStore(db, { ...traits, disk: { durable: () => disk.durable(), assertSound } });
      return {
        ...store,
        async close() {
          try {
            await disk.close();
          } finally {
            await store.close();
          }
        },
      };
    } catch (cause) {
      await db.destroy();
      throw cause;
    }
  } catch (cause) {
    throw storeFailure(cause);
  }
}
