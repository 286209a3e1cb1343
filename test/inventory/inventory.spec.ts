import { describe, expect, test } from 'vitest';
import { startProduct } from '../product.ts';

const listings = (sim: Awaited<ReturnType<typeof startProduct>>['sim']): number =>
  sim.requests.list().filter(({ path }) => path.includes('/cluster/resources')).length;

describe('the inventory', () => {
  test('many readers at once cost one request', async () => {
    await using product = await startProduct({ config: { proxmox: { inventory_seconds: 30 } } });
    product.sim.requests.clear();
    await Promise.all(Array.from({ length: 20 }, (_, n) => product.call(n % 2 === 0 ? 'get_vms' : 'get_containers')));
    expect(listings(product.sim)).toBe(1);
  });

  test('a list that is shown says how old it is', async () => {
    await using product = await startProduct({ config: { proxmox: { inventory_seconds: 30 } } });
    const { output } = await product.call('get_vms');
    expect(output).toMatchObject({ age_seconds: 0 });
  });

  test('what a job of ours has done is seen by the next read', async () => {
    await using product = await startProduct({ config: { proxmox: { inventory_seconds: 30 } } });
    product.sim.cluster.vm(101, { status: 'running' });
    const statusOf = async (): Promise<unknown> => {
      const { output } = await product.call('get_vms', { after: 100, limit: 1 });
      return (output['guests'] as { status: string }[])[0]?.status;
    };
    expect(await statusOf()).toBe('running');
    const { output } = await product.call('stop_vm', { vmid: 101, wait_seconds: 20 });
    expect(output).toMatchObject({ status: 'completed' });
    expect(await statusOf()).toBe('stopped');
  });

  test('what a write depends on is read anew however young the list is', async () => {
    await using product = await startProduct({ config: { proxmox: { inventory_seconds: 30 } } });
    product.sim.cluster.vm(101, { status: 'stopped' });
    await product.call('get_vms');
    product.sim.cluster.vm(101, { status: 'running' });
    const { output } = await product.call('start_vm', { vmid: 101 });
    expect(output).toMatchObject({ status: 'unchanged', job_id: null });
  });

  test('where a guest was is remembered over jobs, and a guest that has moved is found', async () => {
    await using product = await startProduct();
    product.sim.cluster.vm(101, { status: 'stopped' });
    expect((await product.call('start_vm', { vmid: 101, wait_seconds: 20 })).output).toMatchObject({ status: 'completed' });
    product.sim.requests.clear();
    expect((await product.call('stop_vm', { vmid: 101, wait_seconds: 20 })).output).toMatchObject({ status: 'completed' });
    expect(listings(product.sim)).toBe(0);
    product.sim.cluster.vm(101, { node: 'pve3' });
    expect((await product.call('start_vm', { vmid: 101, wait_seconds: 20 })).output).toMatchObject({ status: 'completed', node: 'pve3' });
  });

  test('a storage that stops answering is listed as it was, with its age and why', async () => {
    await using product = await startProduct();
    const before = (await product.call('list_backups')).output;
    product.sim.faults.dropBeforeDispatch('GET /nodes/*/storage/nfs-backup/content');
    const { output, text } = await product.call('list_backups');
    expect(output['backups']).toEqual(before['backups']);
    expect(output['unavailable']).toEqual([
      { storage: 'nfs-backup', node: expect.any(String), reason: expect.stringContaining('broke'), stale_seconds: 0 },
    ]);
    expect(text).toContain('listed as it was 0 s ago');
  });

  test('a node that hangs keeps nobody else waiting, however many ask for it', async () => {
    await using product = await startProduct();
    for (let n = 0; n < 60; n++) product.sim.cluster.vm(5000 + n, { node: 'pve2' });
    await product.call('get_vms');
    product.sim.faults.hang('GET /nodes/pve2/**');
    product.sim.requests.clear();
    const hanging = Array.from({ length: 60 }, (_, n) => product.call('list_snapshots', { vmid: 5000 + n }));
    expect((await product.call('get_node_status', { node: 'pve1' })).isError).toBe(false);
    const waiting = product.sim.requests.list().filter(({ path }) => path.startsWith('/nodes/pve2/'));
    expect(waiting.length).toBeLessThanOrEqual(8);
    product.sim.faults.clear();
    await Promise.all(hanging);
  });
});
