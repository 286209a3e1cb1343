import type { Bench } from './bench.ts';
import { show } from './report.ts';
import { startCluster, type SimulatedCluster } from './simulated-cluster.ts';
import { startStdio, type StdioClient } from './stdio-client.ts';
import { timingOf } from './statistics.ts';

interface Guest {
  readonly vmid: number;
  readonly node: string;
}

const ONE_BY_ONE = 25;

/** Stopped VMs, in an order that mixes the nodes. */
async function stoppedVms(server: StdioClient): Promise<Guest[]> {
  const { structuredContent } = await server.call('get_vms', { status: 'stopped', limit: 1000 });
  const { guests } = structuredContent as { guests: readonly (Guest & { template: boolean; lock: string | null })[] };
  return guests.filter(({ template, lock }) => !template && lock === null);
}

/** Answers whether the start was accepted: recorded and audited, and by then most often sent and named by Proxmox. */
async function start(server: StdioClient, { vmid }: Guest): Promise<boolean> {
  const answer = await server.call('start_vm', { vmid });
  const { job_id: jobId } = (answer['structuredContent'] ?? {}) as { job_id?: string };
  if (typeof jobId !== 'string') process.stderr.write(`not accepted: ${JSON.stringify(answer['content']).slice(0, 300)}\n`);
  return typeof jobId === 'string';
}

/** The requests that a start consists of, made without anything around them. */
async function startPlainly(cluster: SimulatedCluster, { vmid, node }: Guest): Promise<void> {
  await cluster.raw('GET', `/nodes/${node}/qemu/${vmid}/status/current`);
  await Promise.all([
    cluster.raw('GET', `/nodes/${node}/tasks?source=all&limit=500&vmid=${vmid}`),
    cluster.raw('GET', '/cluster/log?max=500'),
  ]);
  await cluster.rawAlone('POST', `/nodes/${node}/qemu/${vmid}/status/start`);
}

/** Starts VMs one after the other, each beside a plain one. */
async function measureOneStart(bench: Bench, server: StdioClient, cluster: SimulatedCluster, guests: Guest[]): Promise<void> {
  const samples: Record<'raw' | 'plain' | 'ours', number[]> = { raw: [], plain: [], ours: [] };
  const kinds = {
    raw: ({ vmid, node }: Guest) => cluster.raw('POST', `/nodes/${node}/qemu/${vmid}/status/start`),
    plain: (guest: Guest) => startPlainly(cluster, guest),
    ours: (guest: Guest) => start(server, guest),
  };
  for (let n = -2; n < ONE_BY_ONE; n++) {
    for (const kind of ['raw', 'plain', 'ours'] as const) {
      const guest = guests.shift();
      if (guest === undefined) throw new Error('The scenario has too few stopped VMs.');
      const startedAt = performance.now();
      await kinds[kind](guest);
      if (n >= 0) samples[kind].push(performance.now() - startedAt);
    }
  }
  const [raw, plain, ours] = [timingOf(samples.raw).medianMs, timingOf(samples.plain).medianMs, timingOf(samples.ours).medianMs];
  bench.add({
    work: 'start_vm accepted (row, audit, UPID)',
    target: 'at most raw POST + 3 ms',
    measured: `${show(ours)} ms = raw POST ${show(raw)} ms + ${show(ours - raw)} ms; its four requests made plainly take ${show(plain)} ms`,
    met: ours <= raw + 3,
    figures: { ms: ours, raw_ms: raw, plain_ms: plain },
  });
}

/** Calls per second when all are made at once. */
async function rateOf(guests: readonly Guest[], call: (guest: Guest) => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  await Promise.all(guests.map(call));
  return (guests.length * 1000) / (performance.now() - startedAt);
}

/** Writes one by one and many at once, on the large cluster and on a single node. */
export async function measureWrites(bench: Bench): Promise<void> {
  for (const [where, size] of [
    ['one node', { kind: 'stopped', nodes: 1, guests: 750 }],
    ['50 nodes', { kind: 'large', nodes: 50, guests: 10_000 }],
  ] as const) {
    const cluster = await startCluster({ ...size, latencyMs: 0 });
    const server = await startStdio(bench.command, { ...cluster.environment, ...bench.state(2) });
    const guests = await stoppedVms(server);
    if (size.kind === 'large') await measureOneStart(bench, server, cluster, guests);
    const plainly = guests.splice(0, 150);
    const plainPerSecond = await rateOf(plainly, (guest) => startPlainly(cluster, guest));
    const many = guests.splice(0, 500);
    let accepted = 0;
    const perSecond = await rateOf(many, async (guest) => {
      if (await start(server, guest)) accepted += 1;
    });
    bench.add({
      work: `mutations accepted, ${many.length} at once, ${where}`,
      target: 'at least 300/s',
      measured: `${show(perSecond)}/s, ${accepted} of ${many.length}; their requests made plainly: ${show(plainPerSecond)}/s`,
      met: perSecond >= 300 && accepted === many.length,
      figures: { per_second: perSecond, accepted, plain_per_second: plainPerSecond },
    });
    await server.close();
    await cluster.close();
  }
}
