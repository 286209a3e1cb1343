import { expect, test } from 'vitest';
import { OperationError } from '../../src/domain/operation-error.ts';
import type { Upid } from '../../src/domain/upid.ts';
import type { Answer } from '../../src/jobs/ports.ts';
import { aCluster } from './a-server.ts';
import { openAmong } from '../../src/jobs/job.ts';
import { aNewRecord } from './a-job.ts';
import { memoryStore } from './simulation/memory-store.ts';

const MINUTE = 60_000;

/** A store with running jobs, spread over three nodes. */
async function running(count: number): Promise<{ store: ReturnType<typeof memoryStore>; upids: Map<string, Upid[]> }> {
  const upids = new Map<string, Upid[]>();
  let now = Date.parse('2026-01-01T00:00:00Z');
  const store = memoryStore(() => (now += 0));
  for (let number = 0; number < count; number += 1) {
    const node = `pve${(number % 3) + 1}`;
    const upid = `UPID:${node}:${number.toString(16).toUpperCase().padStart(8, '0')}:00000001:69000000:qmstart:${100 + number}:root@pam!mcp:`;
    upids.set(node, [...(upids.get(node) ?? []), upid]);
    await store.accept(
      aNewRecord({ jobId: `job-${String(number).padStart(6, '0')}`, targets: [], state: 'running', node, upid, owner: null }),
    );
  }
  return { store, upids };
}

test('10,000 running jobs on 3 nodes cost at most 6 requests a second', { timeout: 30_000 }, async () => {
  const { store, upids } = await running(10_000);
  const cluster = aCluster({ store });
  let requests = 0;
  let ended = 0;
  const counted = <T>(answer: T): Promise<T> => ((requests += 1), Promise.resolve(answer));
  const server = cluster.server({
    tasks: {
      // Some are always just over, so that the follower has work.
      active: (node) => counted((upids.get(node) ?? []).slice(40).map((upid) => ({ upid, running: true }))),
      status: (upid) =>
        counted(
          (upids.get(upid.split(':')[1] ?? '') ?? []).indexOf(upid) < 40
            ? ((ended += 1), { running: false, exitStatus: 'OK' })
            : { running: true, exitStatus: null },
        ),
    },
  });
  await cluster.pass(5 * MINUTE);
  expect(ended).toBe(120);
  expect(requests / 300).toBeLessThanOrEqual(6);
  expect(requests / 300).toBeGreaterThan(1);
  expect(openAmong((await cluster.settle(server.jobs.status())).counts)).toBe(9880);
});

test('one of several servers follows a node', async () => {
  const cluster = aCluster();
  const lists = [0, 0, 0];
  const servers = lists.map((_, index) => {
    const server: ReturnType<typeof cluster.server> = cluster.server({
      tasks: { active: (node) => ((lists[index] = (lists[index] ?? 0) + 1), honest.tasks.active(node)) },
    });
    const honest = cluster.server();
    honest.machine.pause(1e12);
    return server;
  });
  const first = servers[0];
  if (!first) throw new Error('no server');
  void cluster.settle(first.jobs.accept(cluster.request('create_backup', 100)));
  await cluster.pass(15_000);
  expect(lists.filter((count) => count > 0)).toHaveLength(1);
});

test('a node that does not answer leaves its jobs running, and says so', async () => {
  const cluster = aCluster();
  let down = false;
  const unreachable = new OperationError('proxmox_unreachable', 'down');
  const honest = cluster.server();
  const server = cluster.server({
    tasks: {
      active: (node) => (down ? Promise.reject(unreachable) : honest.tasks.active(node)),
      status: (upid) => (down ? Promise.reject(unreachable) : honest.tasks.status(upid)),
    },
  });
  await cluster.settle(honest.jobs.close());
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_backup', 100)));
  down = true;
  await cluster.pass(10 * MINUTE);
  expect(await cluster.settle(server.jobs.get(job.jobId))).toMatchObject({ state: 'running', phase: 'node_unreachable' });
  await expect(cluster.settle(server.jobs.refresh(job.jobId))).rejects.toMatchObject({ code: 'proxmox_unreachable' });
  down = false;
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded' });
});

test('a task that Proxmox does not know yet is given time', async () => {
  const cluster = aCluster();
  let unknown = true;
  const missing = new OperationError('not_found', 'no such task');
  const server = cluster.server({
    tasks: {
      status: () => (unknown ? Promise.reject(missing) : Promise.resolve({ running: false, exitStatus: 'OK' })),
      active: () => Promise.resolve([]),
    },
  });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)));
  await cluster.pass(10_000);
  expect(await cluster.settle(server.jobs.get(job.jobId))).toMatchObject({ state: 'running' });
  unknown = false;
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded' });
});

test('a task that Proxmox has forgotten is judged by what the cluster shows', async () => {
  for (const [operation, state] of [
    ['start_vm', 'succeeded'],
    ['reset_vm', 'unknown'],
  ] as const) {
    const cluster = aCluster();
    const server = cluster.server({
      tasks: {
        status: () => Promise.reject(new OperationError('not_found', 'no such task')),
        active: () => Promise.resolve([]),
        ofType: () => Promise.resolve([]),
      },
    });
    const { job } = await cluster.settle(server.jobs.accept(cluster.request(operation, operation === 'start_vm' ? 101 : 100)));
    expect(await cluster.final(server, job.jobId)).toMatchObject({ state });
  }
});

test('a finished task that the list still calls running is noticed', async () => {
  const cluster = aCluster();
  const stale: Upid[] = [];
  const server = cluster.server({ tasks: { active: () => Promise.resolve(stale.map((upid) => ({ upid, running: true }))) } });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)));
  stale.push(job.upid ?? '');
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded' });
});

test('polling a finished job changes nothing, ten thousand times', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 100)));
  const ended = await cluster.final(server, job.jobId);
  const events = await cluster.store.events(job.jobId);
  for (let polls = 0; polls < 10_000; polls += 500)
    await cluster.settle(Promise.all(Array.from({ length: 500 }, () => server.jobs.refresh(job.jobId))));
  expect(await cluster.store.load(job.jobId)).toEqual(ended);
  expect(await cluster.store.events(job.jobId)).toEqual(events);
});

test('polling a running job adds no history', async () => {
  const cluster = aCluster();
  const server = cluster.server({
    tasks: { status: () => Promise.resolve({ running: true, exitStatus: null }), active: () => Promise.resolve([]) },
  });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 100)));
  for (let polls = 0; polls < 50; polls += 1) await cluster.settle(server.jobs.refresh(job.jobId));
  expect(await cluster.store.events(job.jobId)).toHaveLength(3);
});

test('a waiting caller sees progress, and each line of the log is read once', async () => {
  const cluster = aCluster();
  const log = Array.from({ length: 2000 }, (_, number) => `progress ${Math.floor(number / 20)}% (read ${number} bytes, duration 1 sec)`);
  const asked: [number, number][] = [];
  let shown = 10;
  const server = cluster.server({
    tasks: {
      status: () => Promise.resolve({ running: shown < 2000, exitStatus: shown < 2000 ? null : 'OK' }),
      active: (node) =>
        Promise.resolve(node === 'pve2' && shown < 2000 ? [...cluster.world.tasks.keys()].map((upid) => ({ upid, running: true })) : []),
      log(_upid, start, limit) {
        asked.push([start, limit]);
        shown = Math.min(2000, shown + 300);
        return Promise.resolve({ lines: log.slice(start, Math.min(shown, start + limit)), total: shown });
      },
    },
  });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_backup', 101)));
  const seen: (number | null)[] = [];
  const ended = await cluster.settle(server.jobs.wait(job.jobId, { seconds: 50, onChange: (changed) => seen.push(changed.progress) }));
  expect(ended.state).toBe('succeeded');
  expect(seen.at(-1)).toBe(100);
  expect(seen.length).toBeGreaterThan(4);
  expect(seen.filter((percent) => percent !== null)).toEqual(
    seen.filter((percent) => percent !== null).toSorted((a, b) => (a ?? 0) - (b ?? 0)),
  );
  expect(asked.map(([start]) => start)).toEqual(asked.map(([start]) => start).toSorted((a, b) => a - b));
});

test('a wait is bounded, and can be given up', async () => {
  const cluster = aCluster();
  const server = cluster.server({ tasks: { status: () => Promise.resolve({ running: true, exitStatus: null }) } });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_backup', 100)));
  const started = cluster.now();
  expect((await cluster.settle(server.jobs.wait(job.jobId, { seconds: 20 }))).state).toBe('running');
  expect(cluster.now() - started).toBeLessThanOrEqual(21_000);
  const controller = new AbortController();
  const given = server.jobs.wait(job.jobId, { seconds: 50, signal: controller.signal });
  await cluster.pass(1000);
  controller.abort();
  const before = cluster.now();
  await cluster.settle(given);
  expect(cluster.now() - before).toBeLessThanOrEqual(500);
});

test('a wait at one server ends with a change made by another', async () => {
  const cluster = aCluster();
  const [one, two] = [cluster.server(), cluster.server()];
  const { job } = await cluster.settle(one.jobs.accept(cluster.request('start_vm', 101)));
  const seen: string[] = [];
  const stop = two.jobs.subscribe((changed) => seen.push(changed.state));
  expect(await cluster.settle(two.jobs.wait(job.jobId, { seconds: 50 }))).toMatchObject({ state: 'succeeded' });
  await cluster.pass(3000);
  expect(seen.filter((state) => state === 'succeeded')).toHaveLength(1);
  stop();
});

test('a task that arrives after its job was given up is noted in the history of that job', async () => {
  const cluster = aCluster();
  const lost: Answer = { kind: 'in_doubt', error: new OperationError('timeout', 'No answer.', { effect: 'unknown' }) };
  const late = ['pve1', 'pve3'].map((node) => `UPID:${node}:00000001:00000001:69000000:qmreset:102:root@pam!mcp:`);
  let arrived = false;
  const honest = cluster.server();
  const server = cluster.server({
    work: {
      send: (planned, plan, options) =>
        planned.job.operation === 'reset_vm' ? Promise.resolve(lost) : honest.work.send(planned, plan, options),
    },
    tasks: {
      ofType: () => Promise.resolve([]),
      active: async (node) => [
        ...(await honest.tasks.active(node)),
        ...late.filter((upid) => arrived && upid.includes(node)).map((upid) => ({ upid, running: true })),
      ],
    },
  });
  await cluster.settle(honest.jobs.close());
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 102)));
  const ended = await cluster.final(server, job.jobId);
  expect(ended).toMatchObject({ state: 'not_observed', node: 'pve3' });
  arrived = true;
  const { job: other } = await cluster.settle(server.jobs.accept(cluster.request('create_backup', 105)));
  await cluster.final(server, other.jobId);
  expect(await cluster.settle(server.jobs.get(job.jobId))).toEqual(ended);
  expect(
    (await cluster.settle(server.jobs.events(job.jobId))).filter((event) => event.event === 'late_task_seen').map((event) => event.details),
  ).toEqual([{ upid: late[1] }]);
});

test('tasks that are never answered do not keep the others from their turn', async () => {
  const { store, upids } = await running(30);
  const cluster = aCluster({ store });
  const silent = new Set([...upids.values()].flatMap((some) => some.slice(0, 5)));
  const server = cluster.server({
    tasks: {
      active: () => Promise.resolve([]),
      status: (upid) =>
        silent.has(upid) ? Promise.reject(new OperationError('denied', 'no')) : Promise.resolve({ running: false, exitStatus: 'OK' }),
    },
  });
  await cluster.pass(MINUTE);
  expect(openAmong((await cluster.settle(server.jobs.status())).counts)).toBe(silent.size);
});

test('a job on a node that has left the cluster ends unknown, and frees its target', async () => {
  const cluster = aCluster();
  let gone = false;
  const noSuchNode = new OperationError('not_found', 'There is no node pve1.');
  const honest = cluster.server();
  const server = cluster.server({
    tasks: {
      active: (node) => (gone ? Promise.reject(noSuchNode) : honest.tasks.active(node)),
      status: (upid) => (gone ? Promise.reject(noSuchNode) : honest.tasks.status(upid)),
      ofType: (node, task, tokenId) => (gone ? Promise.reject(noSuchNode) : honest.tasks.ofType(node, task, tokenId)),
    },
  });
  await cluster.settle(honest.jobs.close());
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_backup', 100)));
  gone = true;
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'unknown' });
  gone = false;
  expect((await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 100)))).replayed).toBe(false);
});

test('a task that our token may not read leaves its job running for a long time, and says why; then the cluster is asked', async () => {
  const cluster = aCluster();
  let forbidden = false;
  const honest = cluster.server();
  const server = cluster.server({
    settings: { evidenceMs: 20 * MINUTE },
    tasks: {
      status: (upid) =>
        forbidden ? Promise.reject(new OperationError('missing_privilege', 'It lacks Sys.Audit.')) : honest.tasks.status(upid),
      active: () => Promise.resolve([]),
      ofType: () => Promise.resolve([]),
    },
  });
  await cluster.settle(honest.jobs.close());
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_backup', 100)));
  forbidden = true;
  await cluster.pass(19 * MINUTE);
  expect(await cluster.settle(server.jobs.get(job.jobId))).toMatchObject({
    state: 'running',
    phase: 'task_unreadable',
    lastError: 'It lacks Sys.Audit.',
  });
  await cluster.pass(3 * MINUTE);
  expect(await cluster.settle(server.jobs.get(job.jobId))).toMatchObject({ state: 'unknown', lastError: 'It lacks Sys.Audit.' });
});

test('a token that Proxmox does not accept any more leaves jobs running, and is reported once', async () => {
  const cluster = aCluster();
  let revoked = false;
  const honest = cluster.server();
  const refusal = new OperationError('proxmox_failed', 'The token is not accepted.');
  const faults: string[] = [];
  const server = cluster.server({
    onFault: (_fault, about) => faults.push(about),
    tasks: { active: (node) => (revoked ? Promise.reject(refusal) : honest.tasks.active(node)) },
  });
  await cluster.settle(honest.jobs.close());
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_backup', 100)));
  revoked = true;
  await cluster.pass(10 * MINUTE);
  expect(await cluster.settle(server.jobs.get(job.jobId))).toMatchObject({ state: 'running', phase: 'node_unreachable' });
  expect(faults).toEqual(['tasks of pve1']);
  revoked = false;
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded' });
});
