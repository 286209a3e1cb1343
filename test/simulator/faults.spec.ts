import { describe, expect } from 'vitest';
import { test } from './with-simulator.ts';

const START = 'POST /nodes/*/qemu/*/status/start';
const PATH = '/nodes/pve1/qemu/105/status/start';

describe('a fault', () => {
  test('cuts the connection before the request is executed', async ({ pve, cluster, faults }) => {
    faults.dropBeforeDispatch(START);
    await expect(pve('POST', PATH)).rejects.toThrow(/hang up|ECONNRESET/);
    expect(cluster.tasks().filter((task) => task.running)).toEqual([]);
  });

  test('cuts the connection after the request is executed, once', async ({ pve, cluster, faults }) => {
    faults.dropAfterDispatch(START, { times: 1 });
    await expect(pve('POST', PATH)).rejects.toThrow(/hang up|ECONNRESET/);
    expect(cluster.tasks().filter((task) => task.running)).toMatchObject([{ type: 'qmstart', id: '105' }]);
    expect((await pve('POST', PATH)).status).toBe(200);
  });

  test('lets a request hang until it is taken back', async ({ pve, faults, sim }) => {
    const remove = faults.hang('GET /nodes/*/storage');
    const hanging = pve('GET', '/nodes/pve1/storage');
    const failed = hanging.catch((error: unknown) => String(error));
    expect((await pve('GET', '/version')).status).toBe(200);
    while (sim.requests.count('GET /nodes/*/storage') === 0)
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    remove();
    expect(await failed).toMatch(/hang up|ECONNRESET/);
    expect((await pve('GET', '/nodes/pve1/storage')).status).toBe(200);
  });

  test('delays an answer by simulated time', async ({ sim, pve, faults }) => {
    faults.delay('GET /version', 20);
    let isAnswered = false;
    const answer = pve('GET', '/version').then((value) => {
      isAnswered = true;
      return value;
    });
    while (sim.requests.count('GET /version') === 0)
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    await sim.clock.advance(19);
    expect(isAnswered).toBe(false);
    await sim.clock.advance(2);
    expect((await answer).status).toBe(200);
  });

  test('answers with the page of a proxy', async ({ pve, cluster, faults }) => {
    faults.respond(START, { status: 502, reason: 'Bad Gateway', body: '<html>bad gateway</html>', contentType: 'text/html' });
    expect(await pve('POST', PATH)).toMatchObject({ status: 502, reason: 'Bad Gateway', text: '<html>bad gateway</html>' });
    expect(cluster.tasks().some((task) => task.running)).toBe(false);
  });

  test('truncates a body, and times out between nodes', async ({ pve, faults }) => {
    const remove = faults.truncate('GET /cluster/resources');
    await expect(pve('GET', '/cluster/resources')).rejects.toThrow(/aborted|ECONNRESET|hang up/);
    remove();
    faults[596]('GET /cluster/resources');
    expect(await pve('GET', '/cluster/resources')).toMatchObject({ status: 596, reason: 'Connection timed out', text: '' });
    faults.clear();
    expect((await pve('GET', '/cluster/resources')).status).toBe(200);
  });

  test('hides a task that was started behind a lock on the task list', async ({ sim, pve, cluster, faults }) => {
    faults.lockTimeout(START);
    expect(await pve('POST', PATH)).toMatchObject({
      status: 500,
      reason: "can't lock file '/var/log/pve/tasks/.active.lock' - got timeout",
    });
    await sim.clock.advance(10);
    expect(cluster.guest(105)?.status).toBe('running');
    expect((await pve('GET', '/nodes/pve1/tasks?source=all&vmid=105')).json?.data).toEqual([]);
    expect((await pve('GET', '/cluster/log?max=5')).text).toContain('qmstart:105');
  });

  test('keeps workers from starting', async ({ pve, cluster, faults }) => {
    faults.noWorker(START);
    expect(await pve('POST', PATH)).toMatchObject({ status: 500, reason: 'got no worker upid - start worker failed' });
    expect(cluster.tasks().some((task) => task.id === '105')).toBe(false);
  });

  test('puts a node out of reach, for reads and for the guests on it', async ({ pve, faults }) => {
    faults.loseNode('pve2');
    expect(await pve('GET', '/nodes/pve2/qemu')).toMatchObject({ status: 595, reason: 'Connection refused', text: '' });
    const resources = (await pve('GET', '/cluster/resources?type=vm')).json?.data as Array<Record<string, unknown>>;
    expect(resources.find((row) => row['vmid'] === 101)).toMatchObject({ status: 'unknown' });
    expect(resources.find((row) => row['vmid'] === 101)).not.toHaveProperty('name');
    faults.restoreNode('pve2');
    expect((await pve('GET', '/nodes/pve2/qemu')).status).toBe(200);
  });

  test('crashes a node, whose tasks end without a final line', async ({ pve, cluster, faults }) => {
    const upid = await pve.task('POST', '/nodes/pve2/vzdump', { vmid: 101, storage: 'nfs-backup' });
    faults.loseNode('pve2', { crashed: true });
    faults.restoreNode('pve2');
    expect(await pve.outcome(upid)).toMatchObject({ exitstatus: 'unexpected status' });
    expect(cluster.guest(101)).toMatchObject({ status: 'stopped', config: { lock: 'backup' } });
  });

  test('takes the quorum away: reads answer, writes are refused', async ({ pve, faults }) => {
    const restore = faults.loseQuorum();
    expect((await pve('GET', '/cluster/resources')).status).toBe(200);
    expect(await pve('POST', PATH)).toMatchObject({ status: 500, reason: 'cluster not ready - no quorum?' });
    restore();
    expect((await pve('POST', PATH)).status).toBe(200);
  });

  test('fails, breaks off or warns tasks of a type', async ({ sim, pve, cluster, faults }) => {
    faults.failTask('qmstart', 'out of luck', { times: 1 });
    const failed = await pve.task('POST', PATH);
    await sim.clock.advance(5);
    expect((await pve.outcome(failed)).exitstatus).toBe('out of luck');
    expect(cluster.guest(105)?.status).toBe('stopped');
    const remove = faults.unexpectedStatus('qm*');
    const broken = await pve.task('POST', PATH);
    await sim.clock.advance(5);
    expect((await pve.outcome(broken)).exitstatus).toBe('unexpected status');
    expect(cluster.guest(105)?.status).toBe('running');
    remove();
    faults.warnTask('qmstop', 2);
    const warned = await pve.task('POST', '/nodes/pve1/qemu/105/status/stop');
    await sim.clock.advance(5);
    expect((await pve.outcome(warned)).exitstatus).toBe('WARNINGS: 2');
  });

  test('lets finished tasks fall out of the lists', async ({ pve, faults }) => {
    expect((await pve('GET', '/nodes/pve1/tasks')).json?.data).not.toEqual([]);
    faults.expireTaskList();
    expect((await pve('GET', '/nodes/pve1/tasks')).json?.data).toEqual([]);
  });
});
