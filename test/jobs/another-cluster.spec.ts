import { expect, test } from 'vitest';
import { OperationError } from '../../src/domain/operation-error.ts';
import { aCluster } from './a-server.ts';
import { alice, codeOf } from './a-job.ts';

const elsewhere = { clusterId: () => Promise.resolve('another cluster') };

test('a server of another cluster on the same database writes nothing, and answers no call with a job that is not of its cluster', async () => {
  const cluster = aCluster();
  const ours = cluster.server();
  const { job } = await cluster.settle(ours.jobs.accept(cluster.request('create_backup', 100)));
  const faults: string[] = [];
  const theirs = cluster.server({ tasks: elsewhere, onFault: (fault, about) => faults.push(`${about}: ${String(fault)}`) });
  const call = cluster.request('create_backup', 100);
  for (const attempt of [
    () => theirs.jobs.accept(call),
    () => theirs.jobs.replay(call),
    () => theirs.jobs.cancel(job.jobId, alice),
    () => theirs.jobs.refresh(job.jobId),
  ])
    expect(await cluster.settle(codeOf(attempt()))).toBe('conflict/other_cluster');
  await cluster.pass(60_000);
  expect(cluster.world.sent).toHaveLength(1);
  expect(faults).toEqual(['jobs of the database: OperationError: This job database belongs to another Proxmox VE cluster.']);
});

test('jobs of a dead server are left to servers of their own cluster', async () => {
  const cluster = aCluster();
  const dead = cluster.server({ work: { beforeSend: () => new Promise(() => undefined) } });
  void dead.jobs.accept(cluster.request('reset_vm', 102));
  const { job } = await cluster.settle(dead.jobs.accept(cluster.request('create_backup', 100)));
  dead.machine.kill();
  const looks: string[] = [];
  const foreign = cluster.server({
    tasks: {
      ...elsewhere,
      active: (node) => (looks.push(node), Promise.resolve([])),
      status: (upid) => (looks.push(upid), Promise.reject(new OperationError('not_found', 'no such task'))),
    },
  });
  await cluster.pass(600_000);
  expect(looks).toEqual([]);
  expect((await cluster.settle(foreign.jobs.list({ limit: 10 }))).jobs.map(({ state }) => state)).toEqual(['ready', 'ready']);
  const again = cluster.server();
  expect(await cluster.final(again, job.jobId)).toMatchObject({ state: 'succeeded' });
});

test('the wish to cancel is noted while the cluster is away', async () => {
  const cluster = aCluster();
  const first = cluster.server();
  const { job } = await cluster.settle(first.jobs.accept(cluster.request('create_backup', 100)));
  first.machine.kill();
  const second = cluster.server({ tasks: { clusterId: () => Promise.reject(new OperationError('proxmox_unreachable', 'down')) } });
  expect(await cluster.settle(second.jobs.cancel(job.jobId, alice))).toMatchObject({ cancelRequested: true });
});

test.each(['missing_privilege', 'not_found', 'proxmox_failed'] as const)(
  'a cluster that does not answer at the start is asked again, one that does not tell (%s) is not told apart',
  async (code) => {
    const cluster = aCluster();
    const answers = [
      () => Promise.reject(new OperationError('proxmox_unreachable', 'down')),
      () => Promise.reject(new OperationError(code, 'no')),
    ];
    const server = cluster.server({ tasks: { clusterId: () => answers.shift()?.() ?? Promise.resolve('never asked') } });
    expect(await cluster.settle(codeOf(server.jobs.accept(cluster.request('start_vm', 101))))).toBe('proxmox_unreachable');
    expect(await cluster.settle(server.jobs.accept(cluster.request('start_vm', 101)))).toMatchObject({ job: { state: 'running' } });
  },
);
