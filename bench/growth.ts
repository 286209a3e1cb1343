import type { Bench } from './bench.ts';
import { compareGuestList } from './guest-lists.ts';
import { usageOf } from './process-usage.ts';
import { show } from './report.ts';
import { startCluster } from './simulated-cluster.ts';
import { startStdio } from './stdio-client.ts';
import { contentPaths } from './storage-lists.ts';
import { timed } from './statistics.ts';

const SIZES = [
  [1, 100],
  [10, 2000],
  [30, 6000],
  [50, 10_000],
] as const;

/** How cost grows with nodes, guests and storages: the large scenario at four sizes. */
export async function measureGrowth(bench: Bench): Promise<void> {
  for (const [nodes, guests] of SIZES) {
    const cluster = await startCluster({ kind: 'large', nodes, guests, latencyMs: 0 });
    const server = await startStdio(bench.command, { ...cluster.environment, ...bench.state(0) });
    const list = await compareGuestList(server, cluster, { limit: 20 });
    const paths = await contentPaths(cluster, 'backup');
    const plain = await timed(3, () => Promise.all(paths.map((path) => cluster.drain(path))), 1);
    await cluster.requests();
    const backups = await timed(3, () => server.call('list_backups', { limit: 20 }), 1);
    const requests = (await cluster.requests()) / 4;
    const { structuredContent } = await server.call('list_backups', { limit: 1 });
    const { total } = structuredContent as { total: number };
    const { residentMegabytes } = await usageOf(server.pid);
    await server.close();
    await cluster.close();
    bench.add({
      work: `size ${nodes} nodes, ${guests} guests, ${paths.length} backup storages, ${total} backups`,
      target: '',
      measured: `get_vms ${show(list.work.medianMs)} ms = ${show(list.ratio)} x raw; list_backups ${show(backups.medianMs)} ms, plainly ${show(plain.medianMs)} ms, ${show(requests)} requests; ${show(residentMegabytes ?? 0)} MB`,
      met: null,
      figures: {
        nodes,
        guests,
        storages: paths.length,
        get_vms_ms: list.work.medianMs,
        get_vms_ratio: list.ratio,
        list_backups_ms: backups.medianMs,
        list_backups_plain_ms: plain.medianMs,
        list_backups_requests: requests,
        megabytes: residentMegabytes,
      },
    });
  }
}
