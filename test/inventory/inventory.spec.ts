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
});
