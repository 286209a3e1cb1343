import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { LATENCY_MS, type Bench } from './bench.ts';
import { show, type Row } from './report.ts';
import { startCluster, type SimulatedCluster } from './simulated-cluster.ts';
import { startStdio, type StdioClient } from './stdio-client.ts';
import { compared } from './statistics.ts';

const RUNS = 15;
const RAW_GUESTS = '/cluster/resources?type=vm';

/** A list of guests against the plain request behind it. The list is read for every call. */
export async function compareGuestList(server: StdioClient, cluster: SimulatedCluster, args: object) {
  await cluster.requests();
  const timing = await compared(
    RUNS,
    () => cluster.raw('GET', RAW_GUESTS),
    () => server.call('get_vms', args),
  );
  // Two runs warm up, and every run makes one request of the bench.
  const requests = (await cluster.requests()) / (RUNS + 2) - 1;
  const { content } = await server.call('get_vms', args);
  return { ...timing, requests, tokens: countTokens(String((content as { text: string }[])[0]?.text)) };
}

/** get_vms on the large scenario, and get_containers with statistics on twenty nodes. */
export async function measureGuestLists(bench: Bench): Promise<void> {
  const large = await startCluster({ kind: 'large', nodes: 50, guests: 10_000, latencyMs: 0 });
  const server = await startStdio(bench.command, { ...large.environment, ...bench.state(0) });
  for (const [name, args] of [
    ['a page of 20', { limit: 20 }],
    ['as many as fit', {}],
    ['summary (stopped ones of a node)', { node: 'pve07', status: 'stopped' }],
  ] as const) {
    const { baseline, work, ratio, requests, tokens } = await compareGuestList(server, large, args);
    bench.add({
      work: `get_vms, 10,000 guests, ${name}`,
      target: 'at most 1.5 x the raw read; one request; 2,000 tokens',
      measured: `${show(work.medianMs)} ms = ${show(ratio)} x raw ${show(baseline.medianMs)} ms; ${show(requests)} requests; ${tokens} tokens`,
      met: ratio <= 1.5 && requests <= 1 && tokens <= 2000,
      figures: { ms: work.medianMs, raw_ms: baseline.medianMs, ratio, requests, tokens },
    });
  }
  await server.close();
  await large.close();
  bench.add(await containersWithStatistics(bench));
}

async function containersWithStatistics(bench: Bench): Promise<Row> {
  const cluster = await startCluster({ kind: 'plain', nodes: 20, guests: 2000, latencyMs: LATENCY_MS });
  const server = await startStdio(bench.command, { ...cluster.environment, ...bench.state(0) });
  const { baseline, work, ratio } = await compared(
    RUNS,
    () => cluster.raw('GET', RAW_GUESTS),
    () => server.call('get_containers', { include_stats: true }),
  );
  await server.close();
  await cluster.close();
  return {
    work: `get_containers with stats, 20 nodes, 2,000 guests, ${LATENCY_MS} ms`,
    target: 'at most 3 x one request',
    measured: `${show(work.medianMs)} ms = ${show(ratio)} x ${show(baseline.medianMs)} ms`,
    met: ratio <= 3,
    figures: { ms: work.medianMs, raw_ms: baseline.medianMs, ratio },
  };
}
