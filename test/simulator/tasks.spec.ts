import { describe, expect } from 'vitest';
import { test } from './with-simulator.ts';

const rows = (answer: { json: { data?: unknown } | undefined }): Array<Record<string, unknown>> =>
  answer.json?.data as Array<Record<string, unknown>>;

describe('a task', () => {
  test('runs while time passes, and then has its effect', async ({ sim, pve, cluster }) => {
    const upid = await pve.task('POST', '/nodes/pve1/qemu/105/status/start');
    expect(upid).toMatch(/^UPID:pve1:[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:qmstart:105:root@pam!simulator:$/);
    expect(await pve.outcome(upid)).toMatchObject({ status: 'running', exitstatus: undefined, log: ['no content'] });
    expect(cluster.guest(105)?.status).toBe('stopped');
    await sim.clock.advance(5);
    expect(await pve.outcome(upid)).toMatchObject({ status: 'stopped', exitstatus: 'OK', log: ['TASK OK'] });
    expect(cluster.guest(105)?.status).toBe('running');
  });

  test('is active with the whole user, and archived with the token apart', async ({ sim, pve }) => {
    await pve.task('POST', '/nodes/pve1/qemu/105/status/start');
    expect(rows(await pve('GET', '/nodes/pve1/tasks?source=active'))).toMatchObject([
      { status: 'RUNNING', user: 'root@pam!simulator', type: 'qmstart' },
    ]);
    expect(rows(await pve('GET', '/nodes/pve1/tasks?typefilter=qmstart&vmid=105'))).toEqual([]);
    await sim.clock.advance(5);
    expect(rows(await pve('GET', '/nodes/pve1/tasks?vmid=105'))).toMatchObject([{ status: 'OK', user: 'root@pam', tokenid: 'simulator' }]);
    expect(rows(await pve('GET', '/nodes/pve1/tasks?source=active'))).toEqual([]);
  });

  test('that fails says why, in its log and its exit status', async ({ pve }) => {
    const upid = await pve.task('POST', '/nodes/pve1/qemu/106/status/start');
    expect(await pve.outcome(upid)).toMatchObject({
      exitstatus: "volume 'local:iso/missing.iso' does not exist",
      log: ["TASK ERROR: volume 'local:iso/missing.iso' does not exist"],
    });
  });

  test('pages its log and counts all lines', async ({ sim, pve }) => {
    const upid = await pve.task('POST', '/nodes/pve1/vzdump', { vmid: 105, storage: 'nfs-backup', compress: 'zstd' });
    await sim.clock.advance(300);
    const log = `/nodes/pve1/tasks/${upid}/log`;
    const whole = await pve('GET', `${log}?limit=0`);
    expect(rows(whole)).toHaveLength(whole.json?.total ?? 0);
    expect(rows(await pve('GET', `${log}?start=2&limit=1`))).toEqual([rows(whole)[2]]);
    expect(await pve('GET', `${log}?start=9999`)).toMatchObject({ json: { data: [], total: whole.json?.total } });
    expect((await pve('GET', `${log}?download=1`)).text).toMatch(/TASK OK\n$/);
  });

  test('can be stopped, which drops its locks', async ({ sim, pve, cluster }) => {
    const upid = await pve.task('POST', '/nodes/pve1/vzdump', { vmid: 100, storage: 'nfs-backup' });
    await sim.clock.advance(5);
    expect(cluster.guest(100)?.config['lock']).toBe('backup');
    expect(await pve('DELETE', `/nodes/pve1/tasks/${upid}`)).toMatchObject({ status: 200, json: { data: null } });
    expect(await pve.outcome(upid)).toMatchObject({ status: 'stopped', exitstatus: 'interrupted by signal' });
    expect(cluster.guest(100)?.config['lock']).toBeUndefined();
    expect((await pve('DELETE', `/nodes/pve1/tasks/${upid}`)).status).toBe(200);
  });

  test('of somebody else is hidden without Sys.Audit', async ({ pve, cluster }) => {
    const upid = await pve.task('POST', '/nodes/pve1/qemu/105/status/start');
    const { user, tokenName, tokenValue } = cluster.createToken('mcp@pve', 'test', {});
    const token = `${user}!${tokenName}=${tokenValue}`;
    expect(await pve('GET', `/nodes/pve1/tasks/${upid}/status`, { token })).toMatchObject({
      status: 403,
      reason: 'Permission check failed (/nodes/pve1, Sys.Audit)',
    });
    expect(await pve('GET', '/nodes/pve1/tasks?source=all', { token })).toMatchObject({ json: { data: [] } });
  });

  test('is asked for at its own node', async ({ pve }) => {
    const upid = await pve.task('POST', '/nodes/pve1/qemu/105/status/start');
    expect(await pve('GET', `/nodes/pve2/tasks/${upid}/status`)).toMatchObject({ status: 400, json: { errors: { upid: 'no such task' } } });
    expect(await pve('GET', '/nodes/pve1/tasks/garbage/status')).toMatchObject({
      status: 400,
      json: { errors: { upid: 'unable to parse worker upid' } },
    });
  });

  test('waits for another one that holds the lock on the guest, then gives up', async ({ sim, pve, cluster }) => {
    cluster.vm(104, { shutdownSeconds: Number.POSITIVE_INFINITY });
    await pve.task('POST', '/nodes/pve3/qemu/104/status/shutdown', { timeout: 60 });
    const upid = await pve.task('POST', '/nodes/pve3/qemu/104/snapshot', { snapname: 'late' });
    await sim.clock.advance(15);
    expect(await pve.outcome(upid)).toMatchObject({
      exitstatus: "can't lock file '/var/lock/qemu-server/lock-104.conf' - got timeout",
      log: expect.arrayContaining(['trying to acquire lock...']) as string[],
    });
  });

  test('of backup is the only one on its node', async ({ sim, pve }) => {
    const first = await pve.task('POST', '/nodes/pve1/vzdump', { vmid: 100, storage: 'nfs-backup' });
    const impatient = await pve.task('POST', '/nodes/pve1/vzdump', { vmid: 200, storage: 'nfs-backup', lockwait: 0 });
    const patient = await pve.task('POST', '/nodes/pve1/vzdump', { vmid: 200, storage: 'nfs-backup' });
    expect(await pve.outcome(impatient)).toMatchObject({ exitstatus: 'unexpected status' });
    await sim.clock.advance(600);
    expect((await pve.outcome(first)).exitstatus).toBe('OK');
    expect((await pve.outcome(patient)).exitstatus).toBe('OK');
  });
});

describe('a guest under HA', () => {
  test('ends its task before the effect', async ({ sim, pve, cluster }) => {
    const upid = await pve.task('POST', '/nodes/pve1/qemu/102/status/stop');
    await sim.clock.advance(2);
    expect(await pve.outcome(upid)).toMatchObject({ exitstatus: 'OK', log: ['Requesting HA stop for VM 102', 'TASK OK'] });
    expect(cluster.guest(102)?.status).toBe('running');
    await sim.clock.advance(30);
    expect(cluster.guest(102)?.status).toBe('stopped');
    expect(cluster.tasks().at(-1)).toMatchObject({ type: 'qmshutdown', user: 'root@pam', exitstatus: 'OK' });
  });
});
