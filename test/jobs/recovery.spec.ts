import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import { toRow } from '../../src/jobs/job-row.ts';
import type { Tasks, Work } from '../../src/jobs/ports.ts';
import { openSqliteStore } from '../../src/jobs/sqlite-store.ts';
import { storeFailure } from '../../src/jobs/store-failure.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { openAmong } from '../../src/jobs/job.ts';
import { aNewRecord, aRecord } from './a-job.ts';
import { aCluster } from './a-server.ts';

const OPEN_JOBS = 10_000;
const never = (): Promise<never> => new Promise(() => undefined);
const work: Work = { plan: never, beforeSend: never, send: never, verify: never, ended: never };
const tasks: Tasks = {
  tokenId: 'root@pam!mcp',
  clusterId: () => Promise.resolve('this cluster'),
  status: never,
  log: never,
  ofType: never,
  active: never,
  clusterLog: never,
  stop: never,
};

test('10,000 open jobs of a dead server have a new owner within 5 seconds of the start', { timeout: 30_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'jobs-recovery-'));
  const path = join(folder, 'jobs.sqlite3');
  await (await openSqliteStore(path)).close();
  const raw = new DatabaseSync(path);
  const states = ['running', 'running', 'running', 'sending', 'in_doubt', 'verifying', 'ready'] as const;
  const columns = Object.keys(toRow(aRecord()));
  const insert = raw.prepare(`insert into jobs (${columns.join(',')}) values (${columns.map(() => '?').join(',')})`);
  raw.exec('begin');
  for (let number = 0; number < OPEN_JOBS; number += 1) {
    const step = {
      number: 1,
      node: `pve${number % 3}`,
      task: { types: ['qmstart'], id: String(number) },
      repeat: 'convergent',
      again: false,
      sends: 1,
      description: { method: 'POST', path: '', params: {} },
    } as const;
    const row = toRow(
      aRecord({
        jobId: `job-${number}`,
        seq: number + 1,
        owner: 'dead',
        state: states[number % states.length] ?? 'running',
        step,
        node: step.node,
        upid: `UPID:${step.node}:${String(number).padStart(8, '0')}:00000001:69000000:qmstart:${number}:root@pam!mcp:`,
      }),
    );
    insert.run(...Object.values(row));
  }
  raw.exec(`update change_counter set value = ${OPEN_JOBS + 1}`);
  raw.exec('commit');

  const started = performance.now();
  const store = await openSqliteStore(path);
  const jobs = createJobs({ store, work, tasks, settings: { closeWithinMs: 10 } });
  const orphans = raw.prepare("select count(*) as left_over from jobs where owner = 'dead' or state = 'sending'");
  while ((orphans.get() as { left_over: number }).left_over > 0 && performance.now() - started < 10_000)
    await new Promise((resolve) => setTimeout(resolve, 20));
  const seconds = (performance.now() - started) / 1000;
  raw.close();
  expect(seconds).toBeLessThan(5);
  expect(openAmong((await jobs.status()).counts)).toBe(OPEN_JOBS);
  await jobs.close();
  rmSync(folder, { recursive: true, force: true });
});

test('a server whose database fails at the start refuses calls, and joins the others when it works', async () => {
  const cluster = aCluster();
  const dead = cluster.server();
  const left = await cluster.settle(dead.jobs.accept(cluster.request('create_backup', 100)));
  dead.machine.kill();
  let broken = true;
  const store: JobStore = {
    ...cluster.store,
    takeOver: (request) => (broken ? Promise.reject(storeFailure(new Error('database or disk is full'))) : cluster.store.takeOver(request)),
  };
  const server = cluster.server({ store });
  await cluster.pass(30_000);
  await expect(cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)))).rejects.toMatchObject({ effect: 'none' });
  expect(cluster.world.sent).toHaveLength(1);
  broken = false;
  expect(await cluster.final(server, left.job.jobId)).toMatchObject({ state: 'succeeded' });
  expect(await cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)))).toMatchObject({ job: { state: 'running' } });
});

test('a server that lives for minutes only still deletes old jobs', async () => {
  const cluster = aCluster();
  await cluster.store.accept(
    aNewRecord({
      jobId: 'old',
      state: 'succeeded',
      targets: [],
      createdAt: '2025-01-01T00:00:00.000Z',
      completedAt: '2025-01-01T00:00:00.000Z',
    }),
  );
  cluster.server();
  await cluster.pass(120_000);
  expect(await cluster.store.load('old')).toBeUndefined();
});
