import { setTimeout as pause } from 'node:timers/promises';
import type { Bench } from './bench.ts';
import { show } from './report.ts';
import { startCluster } from './simulated-cluster.ts';
import { startStdio, type StdioClient } from './stdio-client.ts';
import { throughput, timingOf, type Timing } from './statistics.ts';

/** What others feel while calls are slow or hang. */
export async function measureWaiting(bench: Bench): Promise<void> {
  const large = await startCluster({ kind: 'large', nodes: 50, guests: 10_000, latencyMs: 0 });
  const server = await startStdio(bench.command, { ...large.environment, ...bench.state(0) });
  addPing(bench, 'ping, nothing else to do', await pings(server), false);
  for (const name of ['get_vms', 'list_backups']) {
    await server.call(name, { limit: 20 });
    addPing(bench, `ping while another client calls ${name} on large`, await pingsWhile(server, 1, name, { limit: 20 }), true);
  }
  await large.hang('GET /nodes/pve01/**');
  const hanging = Promise.all(Array.from({ length: 20 }, (_, n) => server.call('get_node_status', { node: 'pve01', n })));
  addPing(bench, 'ping while 20 calls hang', await pings(server), true);
  await large.mend();
  await hanging;
  await server.close();
  await large.close();
  await measureHangingNode(bench);
}

function addPing(bench: Bench, work: string, { medianMs, p99Ms, worstMs }: Timing & { worstMs: number }, judged: boolean): void {
  bench.add({
    work,
    target: judged ? 'under 5 ms' : '',
    measured: `median ${show(medianMs)} ms, p99 ${show(p99Ms)} ms, worst ${show(worstMs)} ms`,
    met: judged ? p99Ms < 5 : null,
    figures: { ms: medianMs, p99_ms: p99Ms, worst_ms: worstMs },
  });
}

async function pings(server: StdioClient, over?: AbortSignal): Promise<Timing & { worstMs: number }> {
  const samples: number[] = [];
  while (over ? !over.aborted : samples.length < 200) {
    const startedAt = performance.now();
    await server.request('ping');
    samples.push(performance.now() - startedAt);
    await pause(5);
  }
  return { ...timingOf(samples), worstMs: Math.max(...samples) };
}

async function pingsWhile(server: StdioClient, callers: number, name: string, args: object): Promise<Timing & { worstMs: number }> {
  const over = new AbortController();
  const load = Promise.all(
    Array.from({ length: callers }, async () => {
      for (let n = 0; n < 12; n++) await server.call(name, args);
    }),
  ).finally(() => over.abort());
  const timing = await pings(server, over.signal);
  await load;
  return timing;
}

/** Reads of guests on healthy nodes before and while another node does not answer those who ask for it. */
async function measureHangingNode(bench: Bench): Promise<void> {
  const cluster = await startCluster({ kind: 'plain', nodes: 20, guests: 2000, latencyMs: 5 });
  const server = await startStdio(bench.command, { ...cluster.environment, ...bench.state(2) });
  let next = 0;
  // Guest 100 + n is on node pve(n % 20 + 1); node pve1 is left out.
  const read = (): Promise<unknown> => {
    next = (next % 2000) + 1;
    return server.call('list_snapshots', { vmid: 100 + (next % 20 === 0 ? next + 1 : next) });
  };
  const milliseconds = bench.isQuick ? 1500 : 5000;
  await throughput(8, 500, read);
  const before = await throughput(8, milliseconds, read);
  await cluster.hang('GET /nodes/pve1/**');
  const hanging = Promise.all(Array.from({ length: 60 }, (_, n) => server.call('list_snapshots', { vmid: 100 + n * 20 })));
  const during = await throughput(8, milliseconds, read);
  await cluster.mend();
  await hanging;
  await server.close();
  await cluster.close();
  bench.add({
    work: 'reads of other nodes while 60 calls hang on one node',
    target: 'p99 under 2 x that before',
    measured: `p99 ${show(during.p99Ms)} ms = ${show(during.p99Ms / before.p99Ms)} x ${show(before.p99Ms)} ms`,
    met: during.p99Ms < 2 * before.p99Ms,
    figures: { p99_ms: during.p99Ms, before_p99_ms: before.p99Ms },
  });
}
