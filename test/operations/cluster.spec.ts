import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

describe('reading a cluster', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct();
  });
  afterAll(() => product.close());

  test('nodes are listed with one request, whatever their number', async () => {
    product.sim.requests.clear();
    const { output, text } = await product.call('get_nodes');
    expect(output['nodes']).toHaveLength(3);
    expect(text.split('\n')[0]).toMatch(/^pve1 online, \d+ CPU/);
    expect(product.sim.requests.list().map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /cluster/resources']);
  });

  test('a healthy node is online and shows its CPUs', async () => {
    const { output } = await product.call('get_node_status', { node: 'pve1' });
    expect(output).toMatchObject({ node: 'pve1', status: 'online', cpus: 32 });
    expect(output['pve_version']).toMatch(/^pve-manager\/9/);
  });

  test('a node that does not exist is an error that says so', async () => {
    const { error } = await product.call('get_node_status', { node: 'pve9' });
    expect(error).toMatchObject({ code: 'not_found', effect: 'none', message: 'There is no node pve9.' });
    expect(error.hint).toContain('get_nodes');
  });

  test('a cluster with quorum says so, and one without says what that means', async () => {
    expect((await product.call('get_cluster_status')).output).toMatchObject({ clustered: true, quorate: true });
    const restore = product.sim.faults.loseQuorum();
    const { output, text } = await product.call('get_cluster_status');
    expect(output['quorate']).toBe(false);
    expect(text).toContain('NO QUORUM');
    restore();
  });

  test('a shared storage is listed once, a local one for each node', async () => {
    const { output } = await product.call('get_storage');
    const storages = output['storages'] as { storage: string; shared: boolean; nodes: string[]; status: string }[];
    const shared = storages.filter((storage) => storage.shared);
    expect(new Set(shared.map((storage) => storage.storage)).size).toBe(shared.length);
    expect(shared.every((storage) => storage.nodes.length === 3)).toBe(true);
    expect(storages.filter((storage) => storage.storage === 'local')).toHaveLength(3);
  });

  test('the storage of a node that is down is unknown, and a shared one is as its other nodes see it', async () => {
    const restore = product.sim.faults.loseNode('pve2');
    const { output } = await product.call('get_storage');
    const storages = output['storages'] as {
      storage: string;
      shared: boolean;
      nodes: string[];
      status: string;
      used_bytes: number | null;
    }[];
    expect(storages.find((storage) => storage.storage === 'local' && storage.nodes.includes('pve2'))).toMatchObject({
      status: 'unknown',
      used_bytes: null,
    });
    expect(storages.filter((storage) => storage.shared).every((storage) => storage.status === 'available')).toBe(true);
    restore();
  });
});

test('a single node without a cluster has no quorum to lose', async () => {
  await using product = await startProduct({ scenario: 'homelab' });
  const { output, text } = await product.call('get_cluster_status');
  expect(output).toMatchObject({ clustered: false, quorate: null });
  expect(text).toContain('Standalone node');
});
