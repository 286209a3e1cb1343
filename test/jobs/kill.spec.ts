import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FINAL_STATES } from '../../src/jobs/job.ts';
import { startHttpWorld } from './processes/http-world.ts';
import type { HttpWorld } from './processes/http-world.ts';
import { untruths } from './processes/truth.ts';
import { startWorker } from './processes/worker-process.ts';
import { startWorldServer } from './processes/world-server.ts';
import type { ShownJob, WorldServer } from './processes/world-server.ts';
import { startPostgres } from './store/postgres.ts';
import type { TestPostgres } from './store/postgres.ts';

/** Runs per point; the long form is `JOBS_KILL_RUNS=5`. */
const RUNS = Number(process.env['JOBS_KILL_RUNS'] ?? 1);
const LONG = process.env['JOBS_KILL_RUNS'] !== undefined;
const BOUND_MS = 60_000;

interface Point {
  readonly at: string;
  readonly number?: number;
  readonly dropReply?: string;
  readonly dropRequest?: string;
}

/** Where the first server dies: failure points of the code, and the two moments only the cluster sees. */
const POINTS: readonly Point[] = [
  ...['accept.before-record', 'store.accept.between-job-and-event', 'store.accept.before-commit', 'accept.after-record'].flatMap((at) => [
    { at },
    { at, number: 2 },
  ]),
  ...[
    'send.before-audit',
    'send.after-audit',
    'send.after-baseline',
    'engine.sending.before',
    'engine.sending.after',
    'send.after-intent',
    'send.after-answer',
  ].flatMap((at) => [{ at }, { at, number: 4 }]),
  { at: 'store.transition.between-job-and-event' },
  { at: 'store.transition.before-commit' },
  { at: 'store.transition.before-commit', number: 6 },
  ...[
    'engine.started.before',
    'engine.started.after',
    'engine.task_ok.before',
    'engine.task_ok.after',
    'engine.done.before',
    'engine.done.after',
    'engine.step_done.before',
    'engine.step_done.after',
    'ready.after-plan',
  ].map((at) => ({ at })),
  { at: 'engine.doubted.before', dropReply: 'reset' },
  { at: 'engine.doubted.after', dropReply: 'reset' },
  { at: 'doubt.before-adoption', dropReply: 'reset' },
  { at: 'engine.adopted.before', dropReply: 'reset' },
  { at: 'engine.adopted.after', dropReply: 'destroy' },
  { at: 'engine.doubted.after', dropRequest: 'destroy' },
  { at: 'engine.proven_absent.before', dropRequest: 'start' },
  { at: 'engine.proven_absent.after', dropRequest: 'start' },
  { at: 'engine.not_observed.before', dropRequest: 'reset' },
  { at: 'engine.to_verify.after', dropReply: 'set' },
  { at: 'verify.before-look', dropReply: 'set' },
  { at: 'request arrived' },
  { at: 'request arrived', number: 3 },
];

const CALLS = [
  ['start_vm', 101],
  ['reset_vm', 102],
  ['destroy_vm', 104],
  ['set_vm', 105],
] as const;

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const end = Date.now() + BOUND_MS;
  for (;;) {
    const seen = await look();
    if (seen !== undefined) return seen;
    if (Date.now() > end) throw new Error(`${what} did not happen within ${BOUND_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}

function allFinal(jobs: readonly ShownJob[]): boolean {
  return jobs.every((job) => (FINAL_STATES as readonly string[]).includes(job.state));
}

/** Calls everything; a call whose server dies is repeated with its key at the next one. */
async function callAll(server: Pick<WorldServer, 'call'>): Promise<void> {
  await Promise.all(CALLS.map(([operation, vmid]) => server.call(operation, vmid, `key-${vmid}`).catch(() => undefined)));
}

async function dieAndRecover(store: string, point: Point): Promise<{ world: HttpWorld; jobs: readonly ShownJob[]; died: boolean }> {
  const world = await startHttpWorld(120);
  if (point.dropReply !== undefined) world.dropReply.add(point.dropReply);
  if (point.dropRequest !== undefined) world.dropRequest.add(point.dropRequest);
  const first = startWorker({ STORE: store, WORLD: world.url, FAILPOINT: point.at, FAILPOINT_NUMBER: String(point.number ?? 1) });
  world.onRequest = () => {
    if (point.at === 'request arrived' && world.requests.length === (point.number ?? 1)) first.signal('SIGKILL');
  };
  await first.ready;
  void callAll(first);
  const died = await Promise.race([
    first.exited.then(() => true),
    until('death', async () => (world.requests.length > 0 && (await first.list().then(allFinal, () => false)) ? false : undefined)).catch(
      () => false,
    ),
  ]);
  if (!died) first.signal('SIGKILL');
  await first.exited;
  // The one that finds what was left needs no process of its own: it is not killed.
  const second = await startWorldServer(store, world.url);
  await callAll(second);
  const jobs = await until('the end of all jobs', async () => {
    const shown = await second.list();
    return allFinal(shown) ? shown : undefined;
  });
  await second.close();
  await world.close();
  return { world, jobs, died };
}

/** Everything that was asked for is there, once, and is told as it is. */
function expectTruth(world: HttpWorld, jobs: readonly ShownJob[]): void {
  expect(untruths(world, jobs)).toEqual([]);
  const hasSucceeded = (operation: string): boolean => jobs.some((job) => job.operation === operation && job.state === 'succeeded');
  if (hasSucceeded('start_vm')) expect(world.guests.get(101)?.running).toBe(true);
  if (hasSucceeded('set_vm')) expect(world.guests.get(105)?.value).toBe(7);
  if (hasSucceeded('destroy_vm')) expect(world.guests.get(104)?.exists).toBe(false);
  for (const verb of ['reset', 'destroy']) expect(world.requests.filter((request) => request.verb === verb).length).toBeLessThanOrEqual(1);
  const operations = jobs.map((job) => job.operation);
  expect(operations).toEqual(expect.arrayContaining(['reset_vm', 'destroy_vm']));
  expect(new Set(operations).size).toBe(operations.length);
}

/** On a machine so busy that the server never comes to the point, once more. */
async function expectTruthAfterDeath(newStore: () => Promise<string>, point: Point): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const { world, jobs, died } = await dieAndRecover(await newStore(), point);
    expectTruth(world, jobs);
    if (died) return;
    expect(tries, 'runs without the death that was asked for').toBeLessThan(4);
  }
}

function name(point: Point): string {
  return `${point.at}${point.number === undefined ? '' : ` #${point.number}`}${point.dropReply === undefined ? '' : `, the answer to ${point.dropReply} lost`}${point.dropRequest === undefined ? '' : `, the request to ${point.dropRequest} lost`}`;
}

describe('a server on SQLite that is killed', () => {
  test('at forty points in all', () => {
    expect(POINTS.length).toBeGreaterThanOrEqual(40);
  });

  describe.concurrent('loses, doubles and misreports nothing', () => {
    test.each(POINTS.flatMap((point) => Array.from({ length: RUNS }, () => [name(point), point] as const)))(
      'at %s',
      { timeout: 180_000 },
      async (_name, point) => {
        const folder = mkdtempSync(join(tmpdir(), 'jobs-kill-'));
        let runs = 0;
        await expectTruthAfterDeath(() => Promise.resolve(join(folder, `jobs${(runs += 1)}.sqlite3`)), point);
        rmSync(folder, { recursive: true, force: true });
      },
    );
  });
});

describe('a server on PostgreSQL that is killed', () => {
  let server: TestPostgres;
  beforeAll(async () => {
    server = await startPostgres();
  }, 60_000);
  afterAll(() => server.stop());

  describe.concurrent('loses, doubles and misreports nothing', () => {
    const points = LONG ? POINTS : POINTS.filter((_, index) => index % 7 === 3);
    test.each(points.flatMap((point) => Array.from({ length: RUNS }, () => [name(point), point] as const)))(
      'at %s',
      { timeout: 180_000 },
      async (_name, point) => {
        await expectTruthAfterDeath(() => server.database(), point);
      },
    );
  });
});
