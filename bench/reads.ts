import { LATENCY_MS, type Bench } from './bench.ts';
import { startHttp } from './http-client.ts';
import { show } from './report.ts';
import { startCluster } from './simulated-cluster.ts';
import { startStdio } from './stdio-client.ts';
import { throughput } from './statistics.ts';

const CLIENTS = 32;
const TARGET = 1200;

/** Many callers at once over each surface, each waiting for what Proxmox says. */
export async function measureReads(bench: Bench): Promise<void> {
  const cluster = await startCluster({ kind: 'plain', nodes: 20, guests: 2000, latencyMs: LATENCY_MS });
  const open = { PROXMOX_ALLOW_NO_AUTH: 'true', PROXMOX_RATE_LIMIT_RPM: '0' };
  const row = async (work: string, read: (client: number) => Promise<unknown>, judged = true): Promise<void> => {
    await throughput(8, 500, read);
    const { perSecond, p99Ms } = await throughput(CLIENTS, bench.isQuick ? 1500 : 5000, read);
    bench.add({
      work: `${work}, ${CLIENTS} clients, ${LATENCY_MS} ms`,
      target: judged ? `at least ${TARGET}/s` : '',
      measured: `${show(perSecond)}/s, p99 ${show(p99Ms)} ms`,
      met: judged ? perSecond >= TARGET : null,
      figures: { per_second: perSecond, p99_ms: p99Ms },
    });
  };
  const list = { limit: 20 };
  const rpc = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'get_vms', arguments: list } };
  for (const [seconds, name] of [
    [0, 'read for it'],
    [2, 'default'],
  ] as const) {
    const stdio = await startStdio(bench.command, { ...cluster.environment, ...bench.state(seconds) });
    await row(`get_vms (${name}) over stdio`, () => stdio.call('get_vms', list), seconds === 0);
    // Each client asks for other guests, so that no two requests are one.
    let next = 0;
    if (seconds === 0)
      await row('list_snapshots of other guests over stdio', () => stdio.call('list_snapshots', { vmid: 100 + (next++ % 2000) }), false);
    await stdio.close();
    const environment = { ...cluster.environment, ...open };
    const http = await startHttp([...bench.command, 'serve'], { ...environment, ...bench.state(seconds) }, 'API_PORT');
    await row(`POST /get_vms (${name}) over HTTP`, () => http.post('/get_vms', list), seconds === 0);
    await http.close();
    const mcp = await startHttp([...bench.command, 'mcp-http'], { ...environment, ...bench.state(seconds) }, 'MCP_PORT');
    await row(`get_vms (${name}) over MCP HTTP`, () => mcp.post('/mcp', rpc), seconds === 0);
    await mcp.close();
  }
  await cluster.close();
}
