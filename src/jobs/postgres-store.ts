import { Kysely, PostgresDialect, sql } from 'kysely';
import type { Transaction } from 'kysely';
import type { Client, Pool, PoolClient } from 'pg';
import type { Clock } from '../domain/clock.ts';
import { systemClock } from '../domain/clock.ts';
import { systemCode } from '../domain/thrown.ts';
import type { JobsDatabase } from './database.ts';
import type { JobStore } from './job-store.ts';
import { migrate } from './migrations.ts';
import { sqlStore } from './sql-store.ts';
import { storeFailure } from './store-failure.ts';

export interface PostgresStoreOptions {
  readonly clock?: Clock;
  /** Connections at most; 4 suffice for one server. */
  readonly connections?: number;
  /** How long one transaction may take before its connection is given up. */
  readonly holdMs?: number;
  /** How long a transaction may stand still before the database ends it. */
  readonly idleMs?: number;
  /** How long a connection is used: after a failover an old one may lead to what is a read-only standby now. */
  readonly connectionSeconds?: number;
}

const INT8 = 20;
/** Any constant: it keeps two servers from creating the tables at once. */
const MIGRATION_LOCK = 704_552_118;
/** How long a transaction waits for the others. */
const LOCK_WAIT_MS = 8000;
/** Serialization failure, deadlock: the transaction did not happen and may be tried again. */
const RETRYABLE = new Set(['40001', '40P01']);

function isRetryable(cause: unknown): boolean {
  return RETRYABLE.has(systemCode(cause) ?? '');
}

/** Sets the bounds for this transaction alone, which a transaction pooler passes on. */
async function bound(trx: Transaction<JobsDatabase>, idleMs: number): Promise<void> {
  await sql`select set_config('idle_in_transaction_session_timeout', ${String(idleMs)}, true),
    set_config('lock_timeout', ${String(LOCK_WAIT_MS)}, true)`.execute(trx);
}

/** Keeps a lost connection from ending the server, and a silent one from being used again. */
function guardConnections(pool: Pool, holdMs: number): void {
  const held = new Map<PoolClient, NodeJS.Timeout>();
  // Whoever uses the connection hears of its loss; one that nobody uses is replaced by the next use.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('acquire', (client) =>
    held.set(
      client,
      setTimeout(() => void (client as unknown as Client).end(), holdMs),
    ),
  );
  pool.on('release', (_fault, client) => {
    clearTimeout(held.get(client));
    held.delete(client);
  });
}

/**
 * Opens a job database that several servers share. Leases are measured on the clock of the database. No state is kept in
 * a session, so a transaction pooler may stand in between. A replica that is stopped or cut off in the middle of a transaction
 * holds the row that every write passes: the database ends it before the leases of the others run out.
 * @param url `postgres://user:password@host:port/database`
 * @throws OperationError `internal` when the database cannot be reached or a newer version migrated it
 */
export async function openPostgresStore(url: string, options: PostgresStoreOptions = {}): Promise<JobStore> {
  const { clock = systemClock, connections = 4, holdMs = 15_000, idleMs = 4000, connectionSeconds = 60 } = options;
  const { default: pg } = await import('pg');
  const getTypeParser = (oid: number, format?: 'text' | 'binary'): unknown => (oid === INT8 ? Number : pg.types.getTypeParser(oid, format));
  const pool = new pg.Pool({
    connectionString: url,
    max: connections,
    connectionTimeoutMillis: 5000,
    keepAlive: true,
    maxLifetimeSeconds: connectionSeconds,
    types: { getTypeParser: getTypeParser as typeof pg.types.getTypeParser },
  });
  guardConnections(pool, holdMs);
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
  return sqlStore(db, { nowMs, locksRows: true, attempt, bound: (trx) => bound(trx, idleMs) });
}
