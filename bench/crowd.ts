import type { Bench } from './bench.ts';
import { startHttp } from './http-client.ts';
import { usageOf } from './process-usage.ts';
import { show } from './report.ts';
import { startCluster } from './simulated-cluster.ts';
import { throughput } from './statistics.ts';

const CLIENTS = 500;
const MOST_GROWTH = 1.1;

/** Five hundred clients at once over HTTP for a minute: no error, and nothing that grows once they are all there. */
export async function measureCrowd(bench: Bench): Promise<void> {
  const cluster = await startCluster({ kind: 'plain', nodes: 20, guests: 2000, latencyMs: 20 });
  const open = { PROXMOX_ALLOW_NO_AUTH: 'true', PROXMOX_RATE_LIMIT_RPM: '0' };
  const server = await startHttp([...bench.command, 'serve'], { ...cluster.environment, ...open, ...bench.state(2) }, 'API_PORT', CLIENTS);
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
  await throughput(CLIENTS, (seconds / 3) * 1000, call);
  const early = await usageOf(server.pid ?? 0);
  const { perSecond, p99Ms } = await throughput(CLIENTS, seconds * 1000, call);
  const late = await usageOf(server.pid ?? 0);
  await server.close();
  await cluster.close();
  const growth =
    early.residentMegabytes === null || late.residentMegabytes === null ? null : late.residentMegabytes / early.residentMegabytes;
  const files = early.openFiles === null || late.openFiles === null ? null : late.openFiles - early.openFiles;
  bench.add({
    work: `${CLIENTS} clients over HTTP for ${seconds} s`,
    target: 'no error, no growth of memory or descriptors',
    measured: `${show(perSecond)}/s, p99 ${show(p99Ms)} ms, ${errors} errors; ${show(early.residentMegabytes ?? 0)} to ${show(late.residentMegabytes ?? 0)} MB, ${early.openFiles ?? 0} to ${late.openFiles ?? 0} descriptors`,
    met: errors > 0 ? false : growth === null || files === null ? null : growth <= MOST_GROWTH && files <= 50,
    figures: {
      per_second: perSecond,
      p99_ms: p99Ms,
      errors,
      early_megabytes: early.residentMegabytes,
      late_megabytes: late.residentMegabytes,
    },
  });
}
