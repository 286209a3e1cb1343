import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../../src/domain/clock.ts';
import { systemClock } from '../../../src/domain/clock.ts';
import type { JobStore } from '../../../src/jobs/job-store.ts';
import { openSqliteStore } from '../../../src/jobs/sqlite-store.ts';
import { statusOf } from '../../../src/jobs/job-status.ts';
import { aNewRecord, codeOf } from '../a-job.ts';
import { storeContract } from './contract.ts';
import { createWalSync } from '../../../src/jobs/wal-sync.ts';

const folders: string[] = [];
const stores: JobStore[] = [];

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'jobs-'));
  folders.push(made);
  return made;
}

async function open(path: string, options: Parameters<typeof openSqliteStore>[1] = {}): Promise<JobStore> {
  const store = await openSqliteStore(path, options);
  stores.push(store);
  return store;
}

afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

describe('the SQLite store', () => {
  storeContract(async () => {
    let now = Date.parse('2026-01-01T00:00:00Z');
    const clock: Clock = { ...systemClock, now: () => new Date(now) };
    return {
      store: await open(join(folder(), 'jobs.sqlite3'), { clock }),
      passTime: (milliseconds) => {
        now += milliseconds;
        return Promise.resolve();
      },
    };
  });

  test('keeps its file to its owner, in a folder of its own', async () => {
    const path = join(folder(), 'state', 'jobs.sqlite3');
    await open(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    for (const file of readdirSync(join(path, '..'))) expect(statSync(join(path, '..', file)).mode & 0o077).toBe(0);
  });

  test('refuses to record what nobody would find again, once its file was moved, deleted or replaced', async () => {
    for (const disturb of [
      (path: string) => rmSync(path),
      (path: string) => renameSync(path, `${path}.old`),
      (path: string) => (renameSync(path, `${path}.old`), copyFileSync(`${path}.old`, path)),
    ]) {
      const path = join(folder(), 'jobs.sqlite3');
      const store = await open(path);
      await store.accept(aNewRecord({ jobId: 'before', targets: [] }));
      disturb(path);
      await expect(store.accept(aNewRecord({ jobId: 'after', targets: [] }))).rejects.toMatchObject({
        code: 'internal',
        effect: 'none',
        message: expect.stringContaining('moved, deleted or replaced'),
      });
    }
  });

  test('gives back what a long reader made its log grow to', async () => {
    const path = join(folder(), 'jobs.sqlite3');
    const store = await open(path);
    await store.accept(aNewRecord({ jobId: 'long', targets: [] }));
    const write = (text: string, megabytes: number) =>
      store.annotate({ jobId: 'long', epoch: null, patch: { lastError: text.repeat(megabytes * 2 ** 20) }, timestamp: 'now' });
    const reader = new DatabaseSync(path, { readOnly: true });
    reader.exec('begin');
    reader.prepare('select count(*) from jobs').get();
    for (const text of ['a', 'b', 'c', 'd', 'e']) await write(text, 6);
    expect(statSync(`${path}-wal`).size).toBeGreaterThan(30 * 2 ** 20);
    reader.close();
    await write('f', 6);
    await write('g', 1);
    expect(statSync(`${path}-wal`).size).toBeLessThan(20 * 2 ** 20);
  });

  test('counts a change only once it is on the disk, and gives up a disk that fails', async () => {
    const disk = Promise.withResolvers<void>();
    const syncs = [() => disk.promise, () => Promise.reject(new Error('EIO: i/o error, fdatasync'))];
    const path = join(folder(), 'jobs.sqlite3');
    const store = await open(path, {
      openSync: () =>
        Promise.resolve(createWalSync({ datasync: () => syncs.shift()?.() ?? Promise.resolve(), close: () => Promise.resolve() })),
    });
    let isAccepted = false;
    const accepting = store.accept(aNewRecord({ jobId: 'one' })).then(() => (isAccepted = true));
    expect(await store.load('one')).toBeDefined();
    await new Promise(setImmediate);
    expect(isAccepted).toBe(false);
    disk.resolve();
    expect(await accepting).toBe(true);

    const details = { code: 'job_store_unavailable' };
    await expect(store.accept(aNewRecord({ jobId: 'two' }))).rejects.toMatchObject({ effect: 'unknown', details });
    await expect(store.accept(aNewRecord({ jobId: 'three' }))).rejects.toMatchObject({ effect: 'none', details });
    expect(await store.load('three')).toBeUndefined();
  });

  test('reads no more jobs than an answer needs, however many there were', async () => {
    const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
    const path = join(folder(), 'jobs.sqlite3');
    const store = await open(path);
    await store.accept(aNewRecord({ jobId: 'one' }, { replay: { given: null, implied: 'as before', heldSince: '2026-01-01' } }));
    await store.accept(aNewRecord({ jobId: 'two', targets: [] }));
    prepare.mockClear();
    const page = { limit: 5, cursor: (await store.list({ limit: 1 })).nextCursor ?? '' };
    await store.list({ ...page, states: ['running', 'ready'], cancelRequested: true });
    await store.list({ ...page, states: ['succeeded', 'succeeded_with_warnings'], operation: 'start_vm' });
    await store.list({ ...page, operation: 'start_vm' });
    await store.open();
    await store.setNodePhase('pve1', 'unreachable', '2026-01-01');
    await store.changesSince({ seq: 0, jobId: '' }, 10);
    await store.unresolved({ node: 'pve1', id: '100', types: ['qmstart'] }, 'one', '2026-01-01');
    await store.findReplay({ given: null, implied: 'as before', heldSince: '2026-01-01' });
    await store.takeOver({ processId: 'p', leaseMs: 1, sends: true, sendingBecomes: 'ready', limit: 10, timestamp: '2026-01-01' });
    await store.prune({ completedBefore: '2026-01-01', keysBefore: '2026-01-01' });
    const asked = [...new Set(prepare.mock.calls.map(([text]) => text))].filter((text) => /\bjobs\b/.test(text));
    prepare.mockRestore();
    expect(asked.length).toBeGreaterThan(8);
    const database = new DatabaseSync(path);
    const plans = asked.map((text) => [
      text,
      database
        .prepare(`explain query plan ${text}`)
        .all()
        .map((step) => String(step['detail'])),
    ]);
    database.close();
    expect(plans.filter(([, steps]) => (steps as string[]).some((step) => /^SCAN jobs(?! USING INDEX)/.test(step)))).toEqual([]);
  });

  test('writes ahead and waits for the disk', async () => {
    const path = join(folder(), 'jobs.sqlite3');
    await open(path);
    const other = new DatabaseSync(path);
    expect(other.prepare('pragma journal_mode').get()).toEqual({ journal_mode: 'wal' });
    other.close();
  });

  test('is shared by several connections that open it at the same moment', async () => {
    const path = join(folder(), 'jobs.sqlite3');
    const opened = await Promise.all([open(path), open(path), open(path), open(path)]);
    await Promise.all(opened.map((store, index) => store.accept(aNewRecord({ jobId: `job-${index}`, targets: [] }))));
    expect((await opened[0]?.open())?.length).toBe(4);
  });

  test('waits for a lock that is held for a moment', async () => {
    const path = join(folder(), 'jobs.sqlite3');
    const store = await open(path, { busyTimeoutMs: 1 });
    const other = new DatabaseSync(path);
    other.exec('begin immediate');
    const accepted = store.accept(aNewRecord());
    other.exec('rollback');
    other.close();
    expect((await accepted).kind).toBe('created');
  });

  test('refuses a job while the database is locked for good, and says why', async () => {
    const path = join(folder(), 'jobs.sqlite3');
    const store = await open(path, { busyTimeoutMs: 1, giveUpAfterMs: 30 });
    const other = new DatabaseSync(path);
    other.exec('begin immediate');
    await expect(store.accept(aNewRecord())).rejects.toMatchObject({
      code: 'internal',
      effect: 'none',
      message: expect.stringContaining('locked'),
    });
    other.exec('rollback');
    other.close();
    expect(await store.load(aNewRecord().record.jobId)).toBeUndefined();
  });

  test('refuses a job when the disk is full', async () => {
    const path = join(folder(), 'jobs.sqlite3');
    const store = await open(path);
    const raw = new DatabaseSync(path);
    const { page_count: pages } = raw.prepare('pragma page_count').get() as { page_count: number };
    raw.close();
    await store.close();
    stores.splice(0);
    const full = await openSqliteStore(path, { maxPages: pages });
    stores.push(full);
    await expect(full.accept(aNewRecord({ input: { text: 'x'.repeat(100_000) } }))).rejects.toMatchObject({
      code: 'internal',
      effect: 'none',
      message: expect.stringContaining('full'),
    });
  });

  test('says clearly that a path cannot be used', async () => {
    const file = join(folder(), 'a-file');
    writeFileSync(file, 'not a folder');
    expect(await codeOf(openSqliteStore(join(file, 'jobs.sqlite3')))).toBe('internal/job_store_unavailable');
    expect(await codeOf(openSqliteStore(file))).toBe('internal/job_store_unavailable');
  });

  test('refuses a database that a newer version has migrated, and changes nothing', async () => {
    const path = join(folder(), 'jobs.sqlite3');
    await (await openSqliteStore(path)).close();
    const raw = new DatabaseSync(path);
    raw.exec("insert into kysely_migration (name, timestamp) values ('9999_future', '2030-01-01T00:00:00.000Z')");
    raw.close();
    expect(await codeOf(openSqliteStore(path))).toBe('internal/job_store_too_new');
  });
});

describe('a database of the predecessor', () => {
  function predecessor(): string {
    const path = join(folder(), 'proxmox-jobs.sqlite3');
    copyFileSync(join(import.meta.dirname, '..', 'fixtures', 'jobs-v1.sqlite3'), path);
    chmodSync(path, 0o644);
    return path;
  }

  test('opens with its ten jobs in the states they had', async () => {
    const store = await open(predecessor());
    const { records } = await store.list({ limit: 50 });
    expect(records.toReversed().map((record) => [record.operation, statusOf(record)])).toEqual([
      ['create_vm', 'completed'],
      ['create_backup', 'failed'],
      ['create_snapshot', 'completed'],
      ['create_backup', 'failed'],
      ['stop_container', 'running'],
      ['create_container', 'running'],
      ['create_backup', 'running'],
      ['create_backup', 'cancel_requested'],
      ['create_backup', 'cancelled'],
      ['rollback_snapshot', 'unknown'],
    ]);
  });

  test('keeps ids, tasks, results, history and retries', async () => {
    const store = await open(predecessor());
    const record = await store.load('6ec94e46-2956-42f3-aa1e-802dc9d72163');
    expect(record).toMatchObject({
      summary: 'Create snapshot s1 for qemu 100 on pve1',
      upid: 'UPID:pve1:00001004:023F8714:6B029F9F:qmsnapshot:100:mcp@pve!bench:',
      previousUpids: ['UPID:pve1:00001003:023F8537:6B029F9F:qmsnapshot:100:mcp@pve!bench:'],
      attempts: 2,
      retryCount: 1,
      metadata: { snapname: 's1', vmid: '100' },
      result: { exitstatus: 'OK' },
      input: { node: 'pve1' },
    });
    expect((await store.events(record?.jobId ?? '')).map((event) => event.event)).toEqual([
      'created',
      'polled',
      'retry_started',
      'retried',
      'polled',
    ]);
  });

  test('is copied beside itself before it is changed', async () => {
    const path = predecessor();
    await open(path);
    const copy = new DatabaseSync(`${path}.v1-backup`, { readOnly: true });
    expect(copy.prepare('select count(*) as jobs from jobs where tool_name is not null').get()).toEqual({ jobs: 10 });
    copy.close();
    expect(statSync(`${path}.v1-backup`).mode & 0o777).toBe(0o600);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('leaves no half copy behind when it is damaged, however often it is tried', async () => {
    const path = predecessor();
    writeFileSync(path, readFileSync(path).fill(0xff, 2 * 4096, 3 * 4096));
    await expect(openSqliteStore(path)).rejects.toMatchObject({ code: 'internal' });
    expect(readdirSync(join(path, '..')).filter((name) => name.includes('backup'))).toEqual([]);
  });

  test('is migrated once, whoever opens it and however often', async () => {
    const path = predecessor();
    const both = await Promise.all([open(path), open(path)]);
    await (await openSqliteStore(path)).close();
    for (const store of both) expect((await store.list({ limit: 50 })).records).toHaveLength(10);
    expect(existsSync(`${path}.v1-backup-3`)).toBe(false);
  });
});
