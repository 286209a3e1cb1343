import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FINAL_STATES } from '../../src/jobs/job.ts';
import { startHttpWorld } from './processes/http-world.ts';
import { untruths } from './processes/truth.ts';
import { startWorker } from './processes/worker-process.ts';
import type { WorkerProcess } from './processes/worker-process.ts';
import type { ShownJob } from './processes/world-server.ts';
import { chance } from './simulation/random.ts';
import { startPostgres } from './store/postgres.ts';
import type { TestPostgres } from './store/postgres.ts';

/** How long servers are killed and stopped; the long form is `JOBS_STORM_SECONDS=120`. */
const STORM_MS = Number(process.env['JOBS_STORM_SECONDS'] ?? 8) * 1000;
const BOUND_MS = 120_000;
const LEASE_MS = 2500;
/** Shorter than lease and quiet time of the accelerated servers together. */
const LONGEST_STOP_MS = 3500;

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

async function allFinal(workers: readonly WorkerProcess[]): Promise<readonly ShownJob[]> {
  const end = Date.now() + BOUND_MS;
  for (;;) {
    const shown = await workers
      .find((worker) => worker.isAlive())
      ?.list()
      .catch(() => undefined);
    if (shown?.every((job) => (FINAL_STATES as readonly string[]).includes(job.state))) return shown;
    if (Date.now() > end)
      throw new Error(`still open: ${JSON.stringify(shown?.filter((job) => !(FINAL_STATES as readonly string[]).includes(job.state)))}`);
    await pause(100);
  }
}

/** Servers that share a store, called at random, killed and stopped at random; then peace. */
async function storm(store: string, count: number, seed: number): Promise<{ kills: number; stops: number; jobs: number }> {
  const random = chance(seed);
  const world = await startHttpWorld(150);
  const begin = (): WorkerProcess => startWorker({ STORE: store, WORLD: world.url, LEASE_MS: String(LEASE_MS) });
  const workers = Array.from({ length: count }, begin);
  await Promise.all(workers.map((worker) => worker.ready));
  const end = Date.now() + STORM_MS;
  let calls = 0;
  let kills = 0;
  let stops = 0;
  const calling = (async () => {
    while (Date.now() < end) {
      const worker = random.pick(workers);
      const operation = random.pick(['start_vm', 'reset_vm', 'destroy_vm', 'set_vm', 'reset_vm']);
      const vmid = 100 + Math.floor(random.between(0, 40));
      calls += 1;
      const key = `call-${calls}`;
      void worker.call(operation, vmid, key).catch(() => undefined);
      if (random.happens(0.4))
        void random
          .pick(workers)
          .call(operation, vmid, key)
          .catch(() => undefined);
      if (random.happens(0.1)) random.pick([world.dropReply, world.dropRequest]).add(random.pick(['start', 'reset', 'set', 'destroy']));
      await pause(random.between(10, 80));
    }
  })();
  while (Date.now() < end) {
    await pause(random.between(200, 700));
    const index = Math.floor(random.between(0, count));
    const worker = workers[index];
    if (!worker) continue;
    if (random.happens(0.5)) {
      kills += 1;
      worker.signal('SIGKILL');
      await worker.exited;
      workers[index] = begin();
    } else {
      stops += 1;
      worker.signal('SIGSTOP');
      setTimeout(() => worker.signal('SIGCONT'), random.between(200, LONGEST_STOP_MS));
    }
  }
  await calling;
  await pause(LONGEST_STOP_MS);
  const jobs = await allFinal(workers);
  for (const worker of workers) worker.signal('SIGKILL');
  await Promise.all(workers.map((worker) => worker.exited));
  await world.close();
  expect(workers.map((worker) => worker.complaints()).join('')).toBe('');
  expect(untruths(world, jobs)).toEqual([]);
  return { kills, stops, jobs: jobs.length };
}

let postgres: TestPostgres;
let folder: string;
beforeAll(async () => {
  postgres = await startPostgres();
  folder = mkdtempSync(join(tmpdir(), 'jobs-many-'));
}, 60_000);
afterAll(async () => {
  await postgres.stop();
  rmSync(folder, { recursive: true, force: true });
});

test(
  'four servers on one SQLite file double, lose and misreport nothing while they are killed and stopped',
  { timeout: STORM_MS + 180_000 },
  async () => {
    const { kills, stops, jobs } = await storm(join(folder, 'jobs.sqlite3'), 4, 11);
    expect(kills).toBeGreaterThan(1);
    expect(stops).toBeGreaterThan(1);
    expect(jobs).toBeGreaterThan(20);
  },
);

test(
  'three replicas on one PostgreSQL double, lose and misreport nothing while they are killed and stopped',
  { timeout: STORM_MS + 180_000 },
  async () => {
    const { kills, jobs } = await storm(await postgres.database(), 3, 12);
    expect(kills).toBeGreaterThan(1);
    expect(jobs).toBeGreaterThan(20);
  },
);

test('the job of a killed server is finished by another within seconds', { timeout: 60_000 }, async () => {
  const world = await startHttpWorld(300);
  const store = join(folder, 'handover.sqlite3');
  const [first, second] = [startWorker({ STORE: store, WORLD: world.url }), startWorker({ STORE: store, WORLD: world.url })];
  await Promise.all([first.ready, second.ready]);
  await first.call('destroy_vm', 104, 'k');
  first.signal('SIGKILL');
  const died = Date.now();
  const jobs = await allFinal([second]);
  expect(Date.now() - died).toBeLessThan(30_000);
  expect(jobs).toMatchObject([{ operation: 'destroy_vm', state: 'succeeded' }]);
  expect(world.guests.get(104)?.exists).toBe(false);
  second.signal('SIGKILL');
  await second.exited;
  await world.close();
});
