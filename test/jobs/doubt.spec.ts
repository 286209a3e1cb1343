import { expect, test } from 'vitest';
import { OperationError } from '../../src/domain/operation-error.ts';
import type { Answer } from '../../src/jobs/ports.ts';
import type { JobStep } from '../../src/jobs/job.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { aCluster } from './a-server.ts';

const lost: Answer = { kind: 'in_doubt', error: new OperationError('timeout', 'No answer.', { effect: 'unknown' }) };

test('a server killed during the request leaves a job that another finishes, and one task', async () => {
  const cluster = aCluster();
  const first = cluster.server();
  const call = first.jobs.accept(cluster.request('reset_vm', 100));
  void call;
  while (cluster.world.sent.length === 0) await cluster.pass(10);
  first.machine.kill();
  const second = cluster.server();
  await cluster.pass(25_000);
  const { jobs } = await cluster.settle(second.jobs.list({ limit: 10 }));
  const job = await cluster.final(second, jobs[0]?.jobId ?? '');
  expect(job).toMatchObject({ state: 'succeeded', upid: cluster.world.sent[0]?.upid });
  expect(cluster.world.sent).toHaveLength(1);
  expect((await cluster.settle(second.jobs.events(job.jobId))).map((event) => event.event)).toEqual([
    'created',
    'sending',
    'found_sending',
    'adopted',
    'task_ok',
  ]);
});

test('a server killed before the request leaves a job that another sends', async () => {
  const cluster = aCluster();
  const first = cluster.server({ work: { beforeSend: () => new Promise(() => undefined) } });
  void first.jobs.accept(cluster.request('reset_vm', 100));
  await cluster.pass(1000);
  first.machine.kill();
  const second = cluster.server();
  await cluster.pass(60_000);
  const { jobs } = await cluster.settle(second.jobs.list({ limit: 10 }));
  expect(jobs).toMatchObject([{ state: 'succeeded', attempts: 1 }]);
});

test('a task whose answer was lost is found in the task list', async () => {
  const cluster = aCluster({ faults: { lostResponse: 1 } });
  const server = cluster.server();
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_backup', 100)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded', attempts: 1 });
});

test('a task that no list shows is found in the cluster log', async () => {
  const cluster = aCluster({ faults: { hiddenTask: 1 } });
  const server = cluster.server();
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 100)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded', attempts: 1 });
});

test('a convergent write that left no trace is sent again, but not before the quiet time', async () => {
  const cluster = aCluster();
  let sends = 0;
  const server: ReturnType<typeof cluster.server> = cluster.server({
    work: {
      send(planned, plan, options) {
        sends += 1;
        return sends === 1 ? Promise.resolve(lost) : honest.work.send(planned, plan, options);
      },
    },
  });
  const honest = cluster.server();
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)));
  expect(job.state).toBe('in_doubt');
  await cluster.pass(149_000);
  expect(sends).toBe(1);
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded', tainted: true, attempts: 2 });
});

test.each(['reset_vm', 'create_backup', 'destroy_vm'])('%s is never sent again: it ends as not observed', async (operation) => {
  const cluster = aCluster();
  cluster.world.guest(104).running = operation !== 'destroy_vm';
  let sends = 0;
  const server = cluster.server({ work: { send: () => ((sends += 1), Promise.resolve(lost)) } });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request(operation, 104)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'not_observed', effect: 'unknown' });
  expect(sends).toBe(1);
});

test('a failed read proves nothing', async () => {
  const cluster = aCluster();
  let blind = false;
  const honest = cluster.server();
  const server = cluster.server({
    work: { send: () => ((blind = true), Promise.resolve(lost)) },
    tasks: {
      ofType: (node, task, tokenId) =>
        blind ? Promise.reject(new OperationError('proxmox_unreachable', 'down')) : honest.tasks.ofType(node, task, tokenId),
    },
  });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 100)));
  await cluster.pass(1_800_000);
  expect(await cluster.settle(server.jobs.get(job.jobId))).toMatchObject({ state: 'in_doubt', phase: 'node_unreachable' });
  blind = false;
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'not_observed' });
});

test('of two tasks that may be ours none is taken', async () => {
  const cluster = aCluster();
  const upids = ['00000001', '00000002'].map((pid) => `UPID:pve2:${pid}:00000001:69000000:qmreset:100:root@pam!mcp:`);
  let sent = false;
  const server = cluster.server({
    work: { send: () => ((sent = true), Promise.resolve(lost)) },
    tasks: { ofType: () => Promise.resolve(sent ? upids.map((upid) => ({ upid, running: false })) : []) },
  });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 100)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'unknown', upid: null });
});

test('a late task of a write that was given up is not taken for the next one', async () => {
  const cluster = aCluster();
  const late = 'UPID:pve1:00000001:00000001:69000000:qmreset:102:root@pam!mcp:';
  let arrived = false;
  const node = cluster.world.guest(102).node;
  const server = cluster.server({
    work: { send: () => Promise.resolve(lost) },
    tasks: { ofType: () => Promise.resolve(arrived ? [{ upid: late.replace('pve1', node), running: false }] : []) },
  });
  const { job: first } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 102)));
  await cluster.final(server, first.jobId);
  const { job: second } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 102, { idempotencyKey: 'another' })));
  arrived = true;
  expect(await cluster.final(server, second.jobId)).toMatchObject({ state: 'unknown', upid: null });
});

test('a command whose outcome was lost is unknown, and keeps what was noted of it', async () => {
  const cluster = aCluster();
  const server = cluster.server({
    work: {
      async send(_planned, _plan, options) {
        await options.record({ pid: 4711 });
        return lost;
      },
    },
  });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('execute', 100)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'unknown', result: { pid: 4711 } });
});

test('a sent job that fails after doubt is unknown, not failed', async () => {
  const cluster = aCluster();
  let sends = 0;
  const error = new OperationError('conflict', 'VM 103 already exists');
  const server = cluster.server({
    work: { send: () => ((sends += 1), Promise.resolve(sends === 1 ? lost : { kind: 'refused', error, mayResend: false })) },
  });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_vm', 103)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'unknown', tainted: true, lastError: 'VM 103 already exists' });
});

test('a created guest that carries the mark of its job is a success, whatever was lost', async () => {
  const cluster = aCluster();
  let sends = 0;
  const server = cluster.server({
    work: {
      send({ job }) {
        sends += 1;
        if (sends === 1) return Promise.resolve(lost);
        Object.assign(cluster.world.guest(103), { exists: true, marker: job.jobId });
        return Promise.resolve({ kind: 'refused', error: new OperationError('conflict', 'exists'), mayResend: false });
      },
    },
  });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_vm', 103)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded', tainted: true });
});

test('a job with secrets whose server died before the send fails and says what to do', async () => {
  const cluster = aCluster();
  const first = cluster.server({ work: { beforeSend: () => new Promise(() => undefined) } });
  void first.jobs.accept(cluster.request('start_vm', 101, { input: { vmid: 101, password: 'x' }, secretFields: ['password'] }));
  await cluster.pass(1000);
  first.machine.kill();
  const second = cluster.server();
  await cluster.pass(60_000);
  const { jobs } = await cluster.settle(second.jobs.list({ limit: 1 }));
  expect(jobs).toMatchObject([{ state: 'failed', effect: 'none', error: { code: 'conflict', hint: expect.stringContaining('secrets') } }]);
  expect(cluster.world.sent).toEqual([]);
});

test('a crash between stop and destroy goes on with destroy', async () => {
  const cluster = aCluster();
  const first = cluster.server();
  const { job } = await cluster.settle(first.jobs.accept(cluster.request('destroy_vm', 100)));
  while ((await cluster.store.load(job.jobId))?.stepsDone !== 1) await cluster.pass(10);
  first.machine.kill();
  const second = cluster.server();
  expect(await cluster.final(second, job.jobId)).toMatchObject({ state: 'succeeded', stepsDone: 1 });
  expect(cluster.world.sent.map((request) => request.verb)).toEqual(['stop', 'destroy']);
});

test('a server that stood still longer than its lease sends nothing', async () => {
  const cluster = aCluster();
  let first = cluster.server();
  const stopped = cluster.server({
    work: {
      async beforeSend() {
        stopped.machine.pause(60_000);
        await stopped.machine.clock.sleep(0);
      },
    },
  });
  first = cluster.server();
  void stopped.jobs.accept(cluster.request('reset_vm', 100));
  await cluster.pass(120_000);
  expect(cluster.world.sent).toHaveLength(1);
  const { jobs } = await cluster.settle(first.jobs.list({ limit: 1 }));
  expect(jobs).toMatchObject([{ state: 'succeeded' }]);
});

test('a server that closes hands its jobs over at once', async () => {
  const cluster = aCluster();
  const first = cluster.server();
  const { job } = await cluster.settle(first.jobs.accept(cluster.request('create_backup', 100)));
  await cluster.settle(first.jobs.close());
  const second = cluster.server();
  const started = cluster.now();
  expect(await cluster.final(second, job.jobId)).toMatchObject({ state: 'succeeded' });
  expect(cluster.now() - started).toBeLessThan(60_000);
  await expect(first.jobs.accept(cluster.request('start_vm', 101))).rejects.toMatchObject({ code: 'internal' });
});

test('a server with another token finds the task that the former token started', async () => {
  const cluster = aCluster();
  const first = cluster.server();
  void first.jobs.accept(cluster.request('reset_vm', 100));
  while (cluster.world.sent.length === 0) await cluster.pass(10);
  first.machine.kill();
  const second = cluster.server({ tasks: { tokenId: 'root@pam!new' } });
  await cluster.pass(25_000);
  const { jobs } = await cluster.settle(second.jobs.list({ limit: 10 }));
  expect(jobs).toMatchObject([{ state: 'succeeded', upid: cluster.world.sent[0]?.upid }]);
});

test('what another token sent is not called absent by one that may not see its tasks', async () => {
  for (const [operation, vmid, state] of [
    ['reset_vm', 100, 'unknown'],
    ['start_vm', 101, 'unknown'],
  ] as const) {
    const cluster = aCluster();
    const first = cluster.server({ work: { send: () => new Promise(() => undefined) } });
    void first.jobs.accept(cluster.request(operation, vmid));
    await cluster.pass(1000);
    first.machine.kill();
    let sends = 0;
    const second = cluster.server({
      work: { send: () => ((sends += 1), Promise.resolve(lost)) },
      tasks: { tokenId: 'root@pam!new', ofType: () => Promise.resolve([]), clusterLog: () => Promise.resolve([]) },
    });
    await cluster.pass(300_000);
    const { jobs } = await cluster.settle(second.jobs.list({ limit: 10 }));
    expect(jobs).toMatchObject([{ state, effect: 'unknown' }]);
    expect(sends).toBe(0);
  }
});

test('a step that was recorded without its token is looked for among the tasks of the present one', async () => {
  const cluster = aCluster({ faults: { lostResponse: 1 } });
  const forgetful: JobStore = {
    ...cluster.store,
    transition: (change) => {
      const { sentAs: _, ...step } = change.patch.step ?? {};
      return cluster.store.transition(
        change.event === 'sending' ? { ...change, patch: { ...change.patch, step: step as JobStep } } : change,
      );
    },
  };
  const server = cluster.server({ store: forgetful });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_backup', 100)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded', attempts: 1 });
});
