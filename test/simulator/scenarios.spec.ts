import { describe, expect, test } from 'vitest';
import { startSimulator } from '../../src/simulator/start-simulator.ts';
import { endpoints } from '../../src/simulator/endpoints/all-endpoints.ts';
import { schemaOf } from '../../src/simulator/api/endpoint.ts';
import { connect } from './with-simulator.ts';

type Rows = Array<Record<string, unknown>>;

describe('the scenarios', () => {
  test('homelab is one node that is in no cluster', async () => {
    const sim = await startSimulator({ scenario: 'homelab', clock: 'manual' });
    try {
      const pve = connect(sim);
      expect((await pve('GET', '/cluster/status')).json?.data).toMatchObject([{ type: 'node', name: 'pve', online: 1, local: 1 }]);
      expect((await pve('GET', '/nodes/pve/qemu')).json?.data).toHaveLength(4);
      expect((await pve('GET', '/nodes/pve/lxc')).json?.data).toHaveLength(4);
    } finally {
      await sim.close();
    }
  });

  test('large has 50 nodes, 10,000 guests, 200 storages and 50,000 backups', async () => {
    const sim = await startSimulator({ scenario: 'large', clock: 'manual' });
    try {
      const pve = connect(sim);
      const resources = (await pve('GET', '/cluster/resources')).json?.data as Rows;
      const ofType = (...types: string[]): Rows => resources.filter((row) => types.includes(String(row['type'])));
      expect(ofType('node')).toHaveLength(50);
      expect(ofType('qemu', 'lxc')).toHaveLength(10_000);
      expect(new Set(ofType('storage').map((row) => row['storage'])).size).toBe(200);
      const backups = await Promise.all(
        [
          ...new Set(
            ofType('storage')
              .filter((row) => row['plugintype'] === 'nfs')
              .map((row) => String(row['storage'])),
          ),
        ].map(async (storage) => {
          const node = ofType('storage').find((row) => row['storage'] === storage)?.['node'];
          return (
            ((await pve('GET', `/nodes/${String(node)}/storage/${storage}/content?content=backup`)).json?.data as Rows | undefined)
              ?.length ?? 0
          );
        }),
      );
      expect(backups.reduce((sum, count) => sum + count, 0)).toBe(50_000);
    } finally {
      await sim.close();
    }
  });

  test('are the same for the same seed', async () => {
    const names = async (): Promise<unknown> => {
      const sim = await startSimulator({ scenario: 'large', clock: 'manual', seed: 7 });
      try {
        return sim.cluster
          .guests()
          .slice(0, 50)
          .map((guest) => guest.config);
      } finally {
        await sim.close();
      }
    };
    expect(await names()).toEqual(await names());
  });

  test('may be stated by a function', async () => {
    const sim = await startSimulator({
      clock: 'manual',
      scenario: (cluster) => {
        cluster.node('only');
        cluster.storage('local', { content: ['images', 'iso'] });
        cluster.vm(100);
      },
    });
    try {
      expect((await connect(sim)('GET', '/nodes/only/qemu')).json?.data).toMatchObject([{ vmid: 100, status: 'stopped' }]);
    } finally {
      await sim.close();
    }
  });
});

describe('the real clock', () => {
  test('runs as fast as it is told, and can be moved forward', async () => {
    const sim = await startSimulator({ scenario: 'homelab', speed: 100_000 });
    try {
      const pve = connect(sim);
      const upid = await pve.task('POST', '/nodes/pve/qemu/103/status/start');
      await sim.clock.advance(10);
      expect((await pve.outcome(upid)).exitstatus).toBe('OK');
    } finally {
      await sim.close();
    }
  });
});

describe('every endpoint', () => {
  test('is declared once, and is one that Proxmox VE 9.2 has', () => {
    const names = endpoints.map((endpoint) => `${endpoint.method} ${endpoint.path}`);
    expect(new Set(names).size).toBe(names.length);
    for (const endpoint of endpoints) expect(schemaOf(endpoint)).toBeDefined();
  });
});
