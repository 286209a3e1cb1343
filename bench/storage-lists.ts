import { LATENCY_MS, type Bench } from './bench.ts';
import { show } from './report.ts';
import { startCluster, type SimulatedCluster } from './simulated-cluster.ts';
import { startStdio } from './stdio-client.ts';
import { compared } from './statistics.ts';

interface StorageRow {
  readonly storage: string;
  readonly node: string;
  readonly content: string;
  readonly shared: 0 | 1;
}

/** One request per distinct storage that holds such content: the least that has to be asked. */
export async function contentPaths(cluster: SimulatedCluster, content: string): Promise<readonly string[]> {
  const { data } = (await cluster.raw('GET', '/cluster/resources?type=storage')) as { data: readonly StorageRow[] };
  const places = new Map(
    data
      .filter((row) => row.content.split(',').includes(content))
      .map((row) => [row.shared === 1 ? row.storage : `${row.node}/${row.storage}`, row]),
  );
  return [...places.values()].map(({ node, storage }) => `/nodes/${node}/storage/${storage}/content?content=${content}`);
}

/** Lists that are gathered from every storage, against the same requests made plainly and thrown away: the simulator's own time. */
export async function measureStorageLists(bench: Bench): Promise<void> {
  const cluster = await startCluster({ kind: 'large', nodes: 50, guests: 10_000, latencyMs: LATENCY_MS });
  const server = await startStdio(bench.command, { ...cluster.environment, ...bench.state(0) });
  for (const [name, content] of [
    ['get_storage', null],
    ['list_isos', 'iso'],
    ['list_backups', 'backup'],
  ] as const) {
    const paths = content === null ? ['/cluster/resources?type=storage'] : await contentPaths(cluster, content);
    await cluster.requests();
    const { baseline, work } = await compared(
      bench.isQuick ? 3 : 7,
      () => Promise.all(paths.map((path) => cluster.drain(path))),
      () => server.call(name, content === null ? {} : { limit: 20 }),
      1,
    );
    const requests = (await cluster.requests()) / (bench.isQuick ? 4 : 8) - paths.length;
    const most = 3 * LATENCY_MS + baseline.medianMs;
    bench.add({
      work: `${name} on large, ${LATENCY_MS} ms`,
      target: `at most 3 x ${LATENCY_MS} ms beside the same reads made plainly; distinct storages once`,
      measured: `${show(work.medianMs)} ms, plainly ${show(baseline.medianMs)} ms; ${show(requests)} requests for ${content === null ? 'all' : paths.length} storages`,
      met: work.medianMs <= most && requests <= paths.length + 3,
      figures: { ms: work.medianMs, plain_ms: baseline.medianMs, requests, storages: paths.length },
    });
  }
  await server.close();
  await cluster.close();
}
