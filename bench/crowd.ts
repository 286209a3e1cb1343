import type { Bench } from './bench.ts';
import { startHttp } from './http-client.ts';
import { usageOf, type ProcessUsage } from './process-usage.ts';
import { show } from './report.ts';
import { startCluster } from './simulated-cluster.ts';
import { throughput, type Timing } from './statistics.ts';
import type { Weight } from './tell-weight.ts';

const CLIENTS = 500;
/** The first rounds fill what is kept on purpose; the later ones may add nothing. */
const ROUNDS = 6;
const MOST_GROWTH = 1.1;
const MOST_MORE_FILES = 10;

type Round = Timing & ProcessUsage & Weight & { readonly perSecond: number };

/**
 * Five hundred clients at once over HTTP for a minute: no error, and nothing that grows once they are all there. What is still
 * held after all garbage is collected says whether anything is kept for ever, and so does the memory beside the heap. What is
 * resident does not: V8 lets its heap grow for minutes before it looks for garbage in earnest.
 */
export async function measureCrowd(bench: Bench): Promise<void> {
  const cluster = await startCluster({ kind: 'plain', nodes: 20, guests: 2000, latencyMs: 20 });
  const open = { PROXMOX_ALLOW_NO_AUTH: 'true', PROXMOX_RATE_LIMIT_RPM: '0' };
  const environment = { ...cluster.environment, ...open, ...bench.state(2) };
  const server = await startHttp([...bench.command, 'serve'], environment, 'API_PORT', CLIENTS);
  const paths = ['/get_vms', '/get_nodes', '/get_storage', '/get_containers'];
  let errors = 0;
  let calls = 0;
  const call = async (): Promise<void> => {
    const path = paths[calls++ % paths.length] ?? '';
    await server.post(path, path === '/get_nodes' || path === '/get_storage' ? {} : { limit: 10 }).catch((error: unknown) => {
      if (errors++ === 0) process.stderr.write(`${String(error)}\n`);
    });
  };
  const seconds = bench.isQuick ? 6 : 60;
  const round = async (): Promise<Round> => {
    const speed = await throughput(CLIENTS, (seconds / ROUNDS) * 1000, call);
    const usage = await usageOf(server.pid ?? 0);
    return { ...speed, ...usage, ...(await server.weigh()) };
  };
  for (let warmUp = 0; warmUp < ROUNDS / 2; warmUp++) await round();
  const rounds: Round[] = [];
  while (rounds.length < ROUNDS) rounds.push(await round());
  await server.close();
  await cluster.close();
  // The smallest of several: a collection finds some requests under way and others not.
  const halves = (of: (round: Round) => number): readonly [early: number, late: number] => [
    Math.min(...rounds.slice(0, ROUNDS / 2).map(of)),
    Math.min(...rounds.slice(ROUNDS / 2).map(of)),
  ];
  const heap = halves(({ heapMegabytes }) => heapMegabytes);
  const other = halves(({ otherMegabytes }) => otherMegabytes);
  const resident = halves(({ residentMegabytes }) => residentMegabytes ?? 0);
  const files = halves(({ openFiles }) => openFiles ?? 0);
  const perSecond = rounds.reduce((sum, each) => sum + each.perSecond, 0) / ROUNDS;
  const p99Ms = Math.max(...rounds.map((each) => each.p99Ms));
  bench.add({
    work: `${CLIENTS} clients over HTTP for ${seconds} s`,
    target: 'no error, no growth of memory or descriptors',
    measured: `${show(perSecond)}/s, p99 ${show(p99Ms)} ms, ${errors} errors; first and second half: ${heap.map(show).join(' and ')} MB held, ${other.map(show).join(' and ')} MB beside the heap, ${files.join(' and ')} descriptors (${resident.map(show).join(' and ')} MB resident)`,
    met: errors === 0 && heap[1] <= heap[0] * MOST_GROWTH && other[1] <= other[0] * MOST_GROWTH && files[1] <= files[0] + MOST_MORE_FILES,
    figures: {
      per_second: perSecond,
      p99_ms: p99Ms,
      errors,
      early_heap_megabytes: heap[0],
      late_heap_megabytes: heap[1],
      early_other_megabytes: other[0],
      late_other_megabytes: other[1],
      early_megabytes: resident[0],
      late_megabytes: resident[1],
      early_files: files[0],
      late_files: files[1],
    },
  });
}
