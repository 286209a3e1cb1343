import { expect, test } from 'vitest';
import { OperationError } from '../../src/domain/operation-error.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { storeFailure } from '../../src/jobs/store-failure.ts';
import { aCluster } from './a-server.ts';
import { alice, codeOf } from './a-job.ts';

test('a job is answered with its task and ends when the task does', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const { job, replayed } = await cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)));
  expect(replayed).toBe(false);
  expect(job).toMatchObject({ state: 'running', attempts: 1, node: 'pve2', upid: expect.stringContaining(':qmstart:101:') });
  expect(await cluster.final(server, job.jobId)).toMatchObject({
    state: 'succeeded',
    effect: 'applied',
    progress: 100,
    result: { exitstatus: 'OK' },
  });
  expect(cluster.world.guest(101).running).toBe(true);
  expect((await cluster.settle(server.jobs.events(job.jobId))).map((event) => event.event)).toEqual([
    'created',
    'sending',
    'started',
    'task_ok',
  ]);
});

test('a second write on a guest is refused and names the job that is at work', async () => {
  const cluster = aCluster();
  const [one, two] = [cluster.server(), cluster.server()];
  const { job } = await cluster.settle(one.jobs.accept(cluster.request('reset_vm', 100)));
  const second = two.jobs.accept(cluster.request('stop_vm', 100));
  await expect(cluster.settle(second)).rejects.toMatchObject({
    code: 'conflict',
    effect: 'none',
    details: { code: 'target_held', job_id: job.jobId, target: 'guest/100' },
  });
});

test('a repeated call after a slow answer is the first job, and one task', async () => {
  const cluster = aCluster({ faults: { lostResponse: 1 } });
  const server = cluster.server({ settings: { answerWithinMs: 1000 } });
  const request = cluster.request('reset_vm', 100);
  const first = await cluster.settle(server.jobs.accept(request));
  const second = await cluster.settle(server.jobs.accept(request));
  expect(second).toMatchObject({ replayed: true, job: { jobId: first.job.jobId } });
  expect(await cluster.final(server, first.job.jobId)).toMatchObject({ state: 'succeeded' });
  expect(cluster.world.sent).toHaveLength(1);
});

test('a key stands for one job, for another body it is refused', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const request = cluster.request('start_vm', 101, { idempotencyKey: 'k' });
  const { job } = await cluster.settle(server.jobs.accept(request));
  await cluster.final(server, job.jobId);
  expect(await cluster.settle(server.jobs.accept(request))).toMatchObject({
    replayed: true,
    job: { jobId: job.jobId, state: 'succeeded' },
  });
  expect(await cluster.settle(server.jobs.replay(request))).toMatchObject({ jobId: job.jobId });
  const other = { ...request, input: { vmid: 105 } };
  expect(await cluster.settle(codeOf(server.jobs.accept(other)))).toBe('invalid_input/idempotency_key_reused');
  expect(await cluster.settle(codeOf(server.jobs.replay(other)))).toBe('invalid_input/idempotency_key_reused');
});

test('the same call after its job has ended is a new job', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const request = cluster.request('reset_vm', 100);
  const { job } = await cluster.settle(server.jobs.accept(request));
  await cluster.final(server, job.jobId);
  expect(await cluster.settle(server.jobs.accept(request))).toMatchObject({ replayed: false });
});

test.each(['database or disk is full', 'attempt to write a readonly database', 'database is locked'])(
  'nothing is sent when the job cannot be recorded: %s',
  async (message) => {
    const cluster = aCluster();
    const broken: JobStore = { ...cluster.store, accept: () => Promise.reject(storeFailure(new Error(message))) };
    const server = cluster.server({ store: broken });
    await expect(cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)))).rejects.toMatchObject({
      code: 'internal',
      effect: 'none',
    });
    await cluster.pass(60_000);
    expect(cluster.world.sent).toEqual([]);
  },
);

test('a job whose record may or may not have been written is said to be unknown, with its id', async () => {
  const cluster = aCluster();
  const lost = (): Promise<never> => Promise.reject(storeFailure(new Error('Connection terminated'), true));
  const server = cluster.server({ store: { ...cluster.store, accept: lost, load: lost } });
  await expect(cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)))).rejects.toMatchObject({
    code: 'internal',
    effect: 'unknown',
    details: { job_id: expect.stringMatching(/^[0-9a-f-]{36}$/) },
  });
});

test('nothing is sent when the intent cannot be recorded, and the job goes on when it can', async () => {
  const cluster = aCluster();
  let broken = true;
  const store: JobStore = {
    ...cluster.store,
    transition: (change) =>
      broken ? Promise.reject(storeFailure(new Error('database or disk is full'))) : cluster.store.transition(change),
  };
  const server = cluster.server({ store });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)));
  expect(job.state).toBe('ready');
  expect(cluster.world.sent).toEqual([]);
  broken = false;
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded' });
});

test('nothing is sent when the audit record cannot be written', async () => {
  const cluster = aCluster();
  const server = cluster.server({
    work: { beforeSend: () => Promise.reject(new OperationError('internal', 'The audit log cannot be written.')) },
  });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)));
  expect(job).toMatchObject({
    state: 'failed',
    effect: 'none',
    lastError: 'The audit log cannot be written.',
    error: { code: 'internal' },
  });
  expect(cluster.world.sent).toEqual([]);
});

test('a refusal ends the job with its reason and without effect', async () => {
  const cluster = aCluster();
  const error = new OperationError('missing_privilege', 'VM.PowerMgmt is missing on /vms/100.', {
    hint: 'Grant it.',
    details: { path: '/vms/100' },
  });
  const server = cluster.server({ work: { send: () => Promise.resolve({ kind: 'refused', error, mayResend: false }) } });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 100)));
  expect(job).toMatchObject({
    state: 'failed',
    effect: 'none',
    lastError: error.message,
    error: { code: 'missing_privilege', hint: 'Grant it.', details: { path: '/vms/100' } },
  });
});

test('a refusal for the moment is tried again, three times in all', async () => {
  const cluster = aCluster({ faults: { refuseForNow: 1 } });
  const server = cluster.server();
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 100)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'failed', effect: 'none', attempts: 3 });
  expect(cluster.world.sent).toHaveLength(3);
});

test('a start that Proxmox refuses because it runs already has succeeded', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const request = cluster.request('start_vm', 101);
  cluster.world.guest(101).running = true;
  const { job } = await cluster.settle(server.jobs.accept(request));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'succeeded' });
});

test('warnings are a success that tells of them', async () => {
  const cluster = aCluster({ faults: { warnings: 1 } });
  const server = cluster.server({
    tasks: { log: () => Promise.resolve({ lines: ['WARN: Systemd 257 detected.', 'TASK WARNINGS: 1'], total: 2 }) },
  });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('create_backup', 100)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({
    state: 'succeeded_with_warnings',
    warnings: ['Systemd 257 detected.'],
    result: { exitstatus: 'WARNINGS: 1' },
  });
});

test('a task of unexpected status is judged by what the cluster shows', async () => {
  for (const [running, state] of [
    [true, 'succeeded'],
    [false, 'failed'],
  ] as const) {
    const cluster = aCluster();
    let over = false;
    const exitStatus = 'unexpected status';
    const server = cluster.server({
      tasks: { status: () => Promise.resolve(over ? { running: false, exitStatus } : { running: true, exitStatus: null }) },
    });
    const { job } = await cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)));
    cluster.world.guest(101).running = running;
    over = true;
    expect(await cluster.final(server, job.jobId)).toMatchObject({ state });
  }
});

test('a reset of unexpected status is unknown, for nothing shows it', async () => {
  const cluster = aCluster();
  const server = cluster.server({ tasks: { status: () => Promise.resolve({ running: false, exitStatus: null }) } });
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('reset_vm', 100)));
  expect(await cluster.final(server, job.jobId)).toMatchObject({ state: 'unknown', effect: 'unknown' });
});

test('a request the HA manager carries out later has succeeded only when the guest runs', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  cluster.world.guest(140).running = false;
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('start_vm', 140)));
  expect(job.upid).toContain(':hastart:');
  const ended = await cluster.final(server, job.jobId);
  expect(ended).toMatchObject({ state: 'succeeded' });
  expect(cluster.world.guest(140).running).toBe(true);
});

test('a running VM is stopped and destroyed by one job', async () => {
  const cluster = aCluster();
  const server = cluster.server();
  const { job } = await cluster.settle(server.jobs.accept(cluster.request('destroy_vm', 100)));
  const ended = await cluster.final(server, job.jobId);
  expect(ended).toMatchObject({
    state: 'succeeded',
    stepsDone: 1,
    attempts: 2,
    upid: expect.stringContaining(':qmdestroy:'),
    previousUpids: [expect.stringContaining(':qmstop:')],
  });
  expect(cluster.world.guest(100).exists).toBe(false);
});

test('a plan that has grown old is made anew before it is sent', async () => {
  const cluster = aCluster();
  const server = cluster.server({ settings: { planFreshMs: 0 } });
  const request = cluster.request('start_vm', 101);
  cluster.world.guest(101).running = true;
  await cluster.pass(100);
  const { job } = await cluster.settle(server.jobs.accept(request));
  expect(job).toMatchObject({ state: 'succeeded', effect: 'none' });
  expect(cluster.world.sent).toEqual([]);
});

test('a server cannot be given a quiet time shorter than the timeouts of Proxmox', () => {
  expect(() => aCluster().server({ settings: { quietMs: 60_000 } })).toThrow(RangeError);
});

test('secrets stay in memory', async () => {
  const cluster = aCluster();
  const seen: unknown[] = [];
  const server = cluster.server();
  const spy = cluster.server({ work: { send: ({ input }) => (seen.push(input), Promise.resolve({ kind: 'done', result: {} })) } });
  const request = cluster.request('start_vm', 101, {
    principal: alice,
    input: { vmid: 101, password: 'hunter2' },
    secretFields: ['password'],
  });
  const { job } = await cluster.settle(spy.jobs.accept(request));
  expect(seen).toEqual([{ vmid: 101, password: 'hunter2' }]);
  const everything = JSON.stringify([
    await cluster.settle(server.jobs.get(job.jobId)),
    await cluster.settle(server.jobs.events(job.jobId)),
  ]);
  expect(everything).not.toContain('hunter2');
  expect(job).toMatchObject({ hasSecrets: true, input: { vmid: 101 } });
});
