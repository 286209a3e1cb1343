import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { JobStore } from '../../../src/jobs/job-store.ts';
import { FAILPOINT_HOOK } from '../../../src/jobs/failpoint.ts';
import { openPostgresStore } from '../../../src/jobs/postgres-store.ts';
import { aNewRecord, codeOf } from '../a-job.ts';
import { storeContract } from './contract.ts';
import { startPostgres } from './postgres.ts';
import type { TestPostgres } from './postgres.ts';

let server: TestPostgres;
const stores: JobStore[] = [];

async function open(url: string): Promise<JobStore> {
  const store = await openPostgresStore(url);
  stores.push(store);
  return store;
}

async function query(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
}

beforeAll(async () => {
  server = await startPostgres();
}, 60_000);

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});

afterAll(async () => {
  await server.stop();
});

describe('the PostgreSQL store', () => {
  storeContract(async () => {
    const url = await server.database();
    return {
      store: await open(url),
      // Leases are measured by the clock of the database, which cannot be moved: they are moved instead.
      passTime: (milliseconds) =>
        query(
          url,
          `update processes set lease_until_ms = lease_until_ms - ${milliseconds}; update leases set lease_until_ms = lease_until_ms - ${milliseconds}`,
        ),
    };
  });

  test('is created once by replicas that start together', async () => {
    const url = await server.database();
    const opened = await Promise.all([open(url), open(url), open(url)]);
    await opened[0]?.accept(aNewRecord());
    expect(await opened[2]?.load(aNewRecord().record.jobId)).toBeDefined();
  });

  test('lets one of two replicas take over a job', async () => {
    const url = await server.database();
    const [first, second] = [await open(url), await open(url)];
    for (let number = 0; number < 40; number += 1) await first.accept(aNewRecord({ jobId: `job-${number}`, targets: [], owner: null }));
    const request = {
      leaseMs: 60_000,
      sends: true,
      sendingBecomes: 'in_doubt',
      limit: 1000,
      timestamp: '2026-01-01T00:00:00.000Z',
    } as const;
    const taken = await Promise.all([first.takeOver({ ...request, processId: 'a' }), second.takeOver({ ...request, processId: 'b' })]);
    expect(taken.reduce((sum, count) => sum + count, 0)).toBe(40);
    expect((await first.open()).every((record) => record.epoch === 2)).toBe(true);
  });

  test('lets one of two replicas hold a target', async () => {
    const url = await server.database();
    const [first, second] = [await open(url), await open(url)];
    for (let number = 0; number < 20; number += 1) {
      const target = `guest/${number}`;
      const outcomes = await Promise.all([
        first.accept(aNewRecord({ jobId: `a-${number}`, targets: [target] })),
        second.accept(aNewRecord({ jobId: `b-${number}`, targets: [target] })),
      ]);
      expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['created', 'held']);
    }
  });

  test('keeps nothing in a session, so that a transaction pooler may stand in between', async () => {
    const url = await server.database();
    const store = await open(url);
    await store.accept(aNewRecord());
    // Every statement of a pooler may meet another session: named statements and session locks would show.
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    const prepared = await client.query('select count(*)::int as left_over from pg_prepared_statements');
    const locks = await client.query("select count(*)::int as left_over from pg_locks where locktype = 'advisory'");
    await client.end();
    expect([prepared.rows[0], locks.rows[0]]).toEqual([{ left_over: 0 }, { left_over: 0 }]);
  });

  test('goes on after its connections were cut', async () => {
    const url = await server.database();
    const store = await open(url);
    await store.accept(aNewRecord({ jobId: 'before', targets: [] }));
    await query(
      url,
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    await store.probe().catch(() => undefined);
    expect((await store.accept(aNewRecord({ jobId: 'after', targets: [] }))).kind).toBe('created');
  });

  test('leaves a server that has become a read-only standby for the one that new connections lead to', async () => {
    const url = await server.database();
    const store = await openPostgresStore(url, { connectionSeconds: 1 });
    stores.push(store);
    const name = new URL(url).pathname.slice(1);
    await query(url, `alter database ${name} set default_transaction_read_only = on`);
    await query(
      url,
      'select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()',
    );
    const probed = () =>
      store.probe().then(
        () => 'writable',
        (fault: unknown) => String(fault),
      );
    await expect.poll(probed).toContain('read-only');
    await query(url.replace(name, 'postgres'), `alter database ${name} reset default_transaction_read_only`);
    await expect.poll(probed, { timeout: 15_000 }).toBe('writable');
    expect((await store.accept(aNewRecord())).kind).toBe('created');
  });

  test('lives through the loss of a connection in the middle of a transaction', async () => {
    const url = await server.database();
    const store = await open(url);
    const blocker = new pg.Client({ connectionString: url });
    await blocker.connect();
    await blocker.query('begin; update change_counter set value = value');
    const waiting = codeOf(store.accept(aNewRecord()));
    for (;;) {
      const cut = await blocker.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      if (cut.rowCount === 1) break;
    }
    expect(await waiting).toBe('internal/job_store_unavailable');
    await blocker.query('rollback');
    await blocker.end();
    expect((await store.accept(aNewRecord())).kind).toBe('created');
  });

  test('gets past a replica that stands still in the middle of a transaction', async () => {
    const url = await server.database();
    const [stopped, other] = [await openPostgresStore(url, { idleMs: 200 }), await open(url)];
    stores.push(stopped);
    let stand: () => void = () => undefined;
    const standing = new Promise<void>((resolve) => (stand = resolve));
    let goOn: () => void = () => undefined;
    Object.assign(globalThis, {
      [FAILPOINT_HOOK]: (name: string) => {
        if (name !== 'store.accept.before-commit') return undefined;
        Object.assign(globalThis, { [FAILPOINT_HOOK]: undefined });
        stand();
        return new Promise<void>((resolve) => (goOn = resolve));
      },
    });
    const never = codeOf(stopped.accept(aNewRecord({ jobId: 'never', targets: [] })));
    await standing;
    expect((await other.accept(aNewRecord({ jobId: 'other', targets: [] }))).kind).toBe('created');
    goOn();
    expect(await never).toBe('internal/job_store_unavailable');
    expect(await other.load('never')).toBeUndefined();
  });

  test('says that no database answers', async () => {
    expect(await codeOf(openPostgresStore('postgres://jobs:jobs@127.0.0.1:1/none'))).toBe('internal/job_store_unavailable');
  });

  test('refuses a database that a newer version has migrated', async () => {
    const url = await server.database();
    await (await openPostgresStore(url)).close();
    await query(url, "insert into kysely_migration (name, timestamp) values ('9999_future', '2030-01-01T00:00:00.000Z')");
    expect(await codeOf(openPostgresStore(url))).toBe('internal/job_store_too_new');
  });
});
