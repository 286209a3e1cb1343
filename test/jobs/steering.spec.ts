import { expect, test } from 'vitest';
import { OperationError } from '../../src/domain/operation-error.ts';
import type { NewJob } from '../../src/jobs/jobs.ts';
import type { Answer } from '../../src/jobs/ports.ts';
import type { Job } from '../../src/jobs/job.ts';
import { aCluster } from './a-server.ts';
import type { Cluster, Server } from './a-server.ts';
import { alice, codeOf, model, person } from './a-job.ts';

const lost: Answer = { kind: 'in_doubt', error: new OperationError('timeout', 'No answer.', { effect: 'unknown' }) };
const refusal: Answer = { kind: 'refused', error: new OperationError('proxmox_failed', 'storage is full'), mayResend: false };

function ask(minutes = 10): Pick<NewJob, 'approval'> {
  return {
    approval: {
      expiresAt: new Date(Date.parse('2026-01-01T00:00:00Z') + minutes * 60_000).toISOString(),
      request: { question: 'Reset VM 100?' },
    },
  };
}

async function accepted(cluster: Cluster, server: Server, operation: string, vmid: number, fields: Partial<NewJob> = {}): Promise<Job> {
  return (await cluster.settle(server.jobs.accept(cluster.request(operation, vmid, fields)))).job;
}

test('a cancel stops the task at Proxmox, and the exit status decides', async () => {
  const cluster = aCluster();
  const stops: string[] = [];
  let exitStatus: string | null = null;
  const server = cluster.server({
    tasks: {
      stop: (upid) => (stops.push(upid), (exitStatus = 'interrupted by signal'), Promise.resolve()),
      status: () => Promise.resolve({ running: exitStatus === null, exitStatus }),
    },
  });
  const job = await accepted(cluster, server, 'create_backup', 100);
  expect(await cluster.settle(server.jobs.cancel(job.jobId, alice))).toMatchObject({ cancelRequested: true, phase: 'cancel_requested' });
  expect(stops).toEqual([job.upid]);
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'cancelled', lastError: 'interrupted by signal' });
});

test('a task that is done before the cancel reaches it has succeeded', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const job = await accepted(cluster, server, 'create_backup', 100);
  await cluster.settle(server.jobs.cancel(job.jobId, alice));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded', cancelRequested: true });
});

test('any server cancels any job, and asks again while Proxmox does not hear', async () => {
  const cluster = aCluster();
  const first = cluster.server();
  let deaf = 3;
  const stops: string[] = [];
  const second = cluster.server({
    tasks: {
      stop: (upid) => (
        stops.push(upid),
        (deaf -= 1) >= 0 ? Promise.reject(new OperationError('proxmox_unreachable', 'down')) : second.tasks.stop(upid)
      ),
    },
  });
  const job = await accepted(cluster, first, 'create_backup', 100);
  first.machine.kill();
  await cluster.settle(second.jobs.cancel(job.jobId, alice));
  await cluster.final(second, job.jobId);
  expect(stops.length).toBeGreaterThanOrEqual(1);
});

test('a cancel that is repeated a hundred times is noted once', async () => {
  const cluster = aCluster();
  const server = cluster.server({
    tasks: {
      stop: () => Promise.reject(new OperationError('proxmox_unreachable', 'down')),
      status: () => Promise.resolve({ running: true, exitStatus: null }),
    },
  });
  const job = await accepted(cluster, server, 'create_backup', 100);
  for (let times = 0; times < 100; times += 1) await cluster.settle(server.jobs.cancel(job.jobId, alice));
  const events = await cluster.settle(server.jobs.events(job.jobId));
  expect(events.filter(({ event }) => event === 'cancel_requested')).toHaveLength(1);
});

test('a job that waits is cancelled without anything being sent', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const job = await accepted(cluster, server, 'reset_vm', 100, ask());
  expect(await cluster.settle(server.jobs.cancel(job.jobId, alice))).toMatchObject({ state: 'cancelled', effect: 'none' });
  expect(cluster.world.sent).toEqual([]);
});

test('a job that is over cannot be cancelled', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const job = await accepted(cluster, server, 'reset_vm', 100);
  await cluster.final(server, job.jobId);
  expect(await cluster.settle(codeOf(server.jobs.cancel(job.jobId, alice)))).toBe('conflict');
});

test('a failed job is retried as another attempt of the same job', async () => {
  const cluster = aCluster();
  let refuse = true;
  const server: Server = cluster.server({
    work: { send: (planned, plan, options) => (refuse ? Promise.resolve(refusal) : honest.work.send(planned, plan, options)) },
  });
  const honest = cluster.server();
  const job = await accepted(cluster, server, 'create_backup', 100);
  expect(job).toMatchObject({ state: 'failed', attempts: 1, retryCount: 0 });
  refuse = false;
  const { plan } = cluster.request('create_backup', 100);
  const retried = await cluster.settle(server.jobs.retry(job.jobId, alice, { plan }));
  expect(retried).toMatchObject({ jobId: job.jobId, state: 'running', attempts: 2, retryCount: 1, lastError: null });
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded' });
});

test('a retried job still answers for what its earlier attempt did', async () => {
  const cluster = aCluster();
  const honest = cluster.server();
  // The VM is stopped and then may not be destroyed.
  const server = cluster.server({
    work: {
      send: (planned, plan, options) =>
        plan.step.kind === 'request' && plan.step.method === 'DELETE' ? Promise.resolve(refusal) : honest.work.send(planned, plan, options),
    },
  });
  const { jobId } = await accepted(cluster, server, 'destroy_vm', 102);
  expect(await cluster.final(server, jobId)).toMatchObject({ state: 'failed', effect: 'applied' });
  const { plan } = cluster.request('destroy_vm', 102);
  expect(plan.step).toMatchObject({ method: 'DELETE' });
  await cluster.settle(server.jobs.retry(jobId, alice, { plan }));
  expect(await cluster.final(server, jobId)).toMatchObject({ state: 'failed', retryCount: 1, stepsDone: 0, effect: 'applied' });
});

test('neither a running nor a finished job is retried', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const { plan } = cluster.request('create_backup', 100);
  const job = await accepted(cluster, server, 'create_backup', 100);
  expect(await cluster.settle(codeOf(server.jobs.retry(job.jobId, person, { plan })))).toBe('conflict');
  await cluster.final(server, job.jobId);
  expect(await cluster.settle(codeOf(server.jobs.retry(job.jobId, person, { plan })))).toBe('conflict');
  expect(cluster.world.sent).toHaveLength(1);
});

test('an attempt that may have happened is retried by a person only, and never fails', async () => {
  const cluster = aCluster();
  let answer: Answer = lost;
  const server = cluster.server({ work: { send: () => Promise.resolve(answer) } });
  const job = await accepted(cluster, server, 'reset_vm', 100);
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'not_observed' });
  const { plan } = cluster.request('reset_vm', 100);
  expect(await cluster.settle(codeOf(server.jobs.retry(job.jobId, model, { plan })))).toBe('denied');
  expect(await cluster.settle(codeOf(server.jobs.retry(job.jobId, alice, { plan })))).toBe('denied');
  answer = refusal;
  await cluster.settle(server.jobs.retry(job.jobId, person, { plan }));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'unknown', tainted: true, retryCount: 1 });
});

test('a retry holds the target like any other write', async () => {
  const cluster = aCluster();
  let refuse = true;
  const server = cluster.server({
    work: { send: (planned, plan, options) => (refuse ? Promise.resolve(refusal) : honest.work.send(planned, plan, options)) },
  });
  const honest = cluster.server();
  const failed = await accepted(cluster, server, 'create_backup', 100);
  refuse = false;
  await accepted(cluster, server, 'reset_vm', 100);
  const { plan } = cluster.request('create_backup', 100);
  expect(await cluster.settle(codeOf(server.jobs.retry(failed.jobId, alice, { plan })))).toBe('conflict/target_held');
  expect(await cluster.settle(server.jobs.get(failed.jobId))).toMatchObject({ state: 'failed' });
});

test('a retry needs the secrets again', async () => {
  const cluster = aCluster();
  const inputs: unknown[] = [];
  const server = cluster.server({ work: { send: ({ input }) => (inputs.push(input), Promise.resolve(refusal)) } });
  const job = await accepted(cluster, server, 'create_backup', 100, { input: { vmid: 100, password: 'x' }, secretFields: ['password'] });
  const { plan } = cluster.request('create_backup', 100);
  expect(await cluster.settle(codeOf(server.jobs.retry(job.jobId, alice, { plan })))).toBe('invalid_input');
  await cluster.settle(server.jobs.retry(job.jobId, alice, { plan, secrets: { password: 'y' } }));
  expect(inputs).toEqual([
    { vmid: 100, password: 'x' },
    { vmid: 100, password: 'y' },
  ]);
});

test('a job that asks sends nothing until a person has said yes, at any server', async () => {
  const cluster = aCluster();
  const [one, two] = [cluster.server(), cluster.server()];
  const job = await accepted(cluster, one, 'reset_vm', 100, ask());
  expect(job).toMatchObject({ state: 'awaiting_approval', approval: { question: 'Reset VM 100?' } });
  await cluster.pass(120_000);
  expect(cluster.world.sent).toEqual([]);
  expect(await cluster.settle(two.jobs.decide(job.jobId, person, { approve: true, reason: null }))).toMatchObject({
    state: 'ready',
    approval: { approved: true, decided_by: 'local' },
  });
  expect(await cluster.final(two, job.jobId)).toMatchObject({ state: 'succeeded' });
  expect(cluster.world.sent).toHaveLength(1);
});

test('a yes counts once, a no for ever', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const job = await accepted(cluster, server, 'reset_vm', 100, ask());
  expect(await cluster.settle(server.jobs.decide(job.jobId, person, { approve: false, reason: 'not now' }))).toMatchObject({
    state: 'rejected',
    lastError: 'not now',
    effect: 'none',
  });
  expect(await cluster.settle(codeOf(server.jobs.decide(job.jobId, person, { approve: true, reason: null })))).toBe('conflict');
  await cluster.pass(60_000);
  expect(cluster.world.sent).toEqual([]);
});

test('a request that nobody answers expires', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const job = await accepted(cluster, server, 'reset_vm', 100, ask(5));
  await cluster.pass(6 * 60_000);
  expect(await cluster.settle(server.jobs.get(job.jobId))).toMatchObject({ state: 'expired', effect: 'none' });
  expect(await cluster.settle(codeOf(server.jobs.decide(job.jobId, person, { approve: true, reason: null })))).toBe('conflict');
});

test('an approved job takes its target only then, and finds it held', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const asking = await accepted(cluster, server, 'reset_vm', 100, ask());
  const holder = await accepted(cluster, server, 'create_backup', 100);
  expect(await cluster.settle(codeOf(server.jobs.decide(asking.jobId, person, { approve: true, reason: null })))).toBe(
    'conflict/target_held',
  );
  await cluster.final(server, holder.jobId);
  await cluster.settle(server.jobs.decide(asking.jobId, person, { approve: true, reason: null }));
  expect(await cluster.final(server, asking.jobId)).toMatchObject({ state: 'succeeded' });
});

test('a person settles an unknown job, and only such a one', async () => {
  const cluster = aCluster();
  const server = cluster.server({ work: { send: () => Promise.resolve(lost) } });
  const job = await accepted(cluster, server, 'reset_vm', 100);
  await cluster.final(server, job.jobId);
  expect(await cluster.settle(codeOf(server.jobs.resolve(job.jobId, model, { outcome: 'failed', reason: 'I guess' })))).toBe('denied');
  const settled = await cluster.settle(server.jobs.resolve(job.jobId, person, { outcome: 'succeeded', reason: 'uptime says so' }));
  expect(settled).toMatchObject({ state: 'succeeded', effect: 'applied' });
  expect((await cluster.settle(server.jobs.events(job.jobId))).at(-1)).toMatchObject({
    event: 'resolved_succeeded',
    details: { by: 'local', reason: 'uptime says so' },
  });
  expect(await cluster.settle(codeOf(server.jobs.resolve(job.jobId, person, { outcome: 'failed', reason: 'no' })))).toBe('conflict');
});

test('a person settles a job whose node never comes back, and so frees its target', async () => {
  const cluster = aCluster();
  let down = false;
  const honest = cluster.server();
  const server = cluster.server({
    tasks: { active: (node) => (down ? Promise.reject(new OperationError('proxmox_unreachable', 'down')) : honest.tasks.active(node)) },
  });
  await cluster.settle(honest.jobs.close());
  const job = await accepted(cluster, server, 'create_backup', 100);
  const settle = (by: typeof person) => server.jobs.resolve(job.jobId, by, { outcome: 'failed', reason: 'the node burned down' });
  expect(await cluster.settle(codeOf(settle(person)))).toBe('conflict');
  down = true;
  await cluster.pass(5000);
  expect(await cluster.settle(codeOf(settle(model)))).toBe('denied');
  expect(await cluster.settle(settle(person))).toMatchObject({ state: 'failed', phase: null, completedAt: expect.any(String) });
  down = false;
  expect((await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 100)))).replayed).toBe(false);
  await cluster.pass(600_000);
  expect(await cluster.settle(server.jobs.get(job.jobId))).toMatchObject({ state: 'failed' });
});

test('a job that does not exist is not found', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  expect(await cluster.settle(server.jobs.get('nope'))).toBeUndefined();
  for (const call of [
    () => server.jobs.cancel('nope', alice),
    () => server.jobs.refresh('nope'),
    () => server.jobs.wait('nope', { seconds: 1 }),
  ])
    expect(await cluster.settle(codeOf(call()))).toBe('not_found');
});
