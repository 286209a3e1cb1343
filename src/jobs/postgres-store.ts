import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Clock } from '../domain/clock.ts';
import { systemClock } from '../domain/clock.ts';
import type { JobsDatabase } from './database.ts';
import type { JobStore } from './job-store.ts';
import { migrate } from './migrations.ts';
import { sqlStore } from './sql-store.ts';
import { storeFailure } from './store-failure.ts';

export interface PostgresStoreOptions {
  readonly clock?: Clock;
  /** Connections at most; 4 suffice for one server. */
  readonly connections?: number;
  /** How long one statement may take before the server gives up on it. */
  readonly statementTimeoutMs?: number;
}

const INT8 = 20;
/** Any constant: it keeps two servers from creating the tables at once. */
const MIGRATION_LOCK = 704_552_118;
/** Serialization failure, deadlock: the transaction did not happen and may be tried again. */
const RETRYABLE = new Set(['40001', '40P01']);

function isRetryable(cause: unknown): boolean {
  return typeof cause === 'object' && cause !== null && 'code' in cause && RETRYABLE.has(String(cause.code));
}

/**
 * Opens a job database that several servers share. Leases are measured on the clock of the database. No state is kept in
 * a session, so a transaction pooler may stand in between.
 * @param url `postgres://user:password@host:port/database`
 * @throws OperationError `internal` when the database cannot be reached or a newer version migrated it
 */
export async function openPostgresStore(url: string, options: PostgresStoreOptions = {}): Promise<JobStore> {
  const { clock = systemClock, connections = 4, statementTimeoutMs = 10_000 } = options;
  const { default: pg } = await import('pg');
  const getTypeParser = (oid: number, format?: 'text' | 'binary'): unknown => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format));
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 5000,
    query_timeout: statementTimeoutMs,
    types: { getTypeParser: getTypeParser as typeof pg.types.getTypeParser },
  });
  // An idle connection that breaks is replaced by the next use.
  pool.on('error', () => undefined);
  const db = new Kysely<JobsDatabase>({ dialect: new PostgresDialect({ pool }) });
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let left = 5; ; left -= 1) {
      try {
        return await work();
      } catch (cause) {
        if (!isRetryable(cause) || left === 0) throw cause;
        await clock.sleep(20 + Math.random() * 80);
      }
    }
  };
  try {
    await attempt(() =>
      db.transaction().execute(async (trx) => {
        await sql`select pg_advisory_xact_lock(${sql.lit(MIGRATION_LOCK)})`.execute(trx);
        await migrate(trx);
      }),
    );
  } catch (cause) {
    await db.destroy();
    throw storeFailure(cause);
  }
  const nowMs = () => sql<number>`(extract(epoch from clock_timestamp()) * 1000)::bigint`;
  return sqlStore(db, { nowMs, locksRows: true, attempt });
}
