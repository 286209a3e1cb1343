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
  // A small answer that every call waits for, a long one, and the long one as lists are kept by default.
  for (const [tool, args, seconds] of [
    ['get_nodes', {}, 0],
    ['get_vms', { limit: 20 }, 0],
    ['get_vms', { limit: 20 }, 2],
  ] as const) {
    const judged = tool === 'get_nodes';
    const name = `${tool}${seconds === 0 ? ' read for the call' : ' as by default'}`;
    const environment = { ...cluster.environment, ...open };
    const stdio = await startStdio(bench.command, { ...environment, ...bench.state(seconds) });
    await row(`${name}, stdio`, () => stdio.call(tool, args), judged);
    // Each call asks for another guest, so that no two requests are one.
    let next = 0;
    if (judged)
      await row('list_snapshots of other guests, stdio', () => stdio.call('list_snapshots', { vmid: 100 + (next++ % 2000) }), false);
    await stdio.close();
    const http = await startHttp([...bench.command, 'serve'], { ...environment, ...bench.state(seconds) }, 'API_PORT');
    await row(`${name}, HTTP`, () => http.post(`/${tool}`, args), judged);
    await http.close();
    const mcp = await startHttp([...bench.command, 'mcp-http'], { ...environment, ...bench.state(seconds) }, 'MCP_PORT');
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: tool, arguments: args } };
    await row(`${name}, MCP HTTP`, () => mcp.post('/mcp', call), judged);
    await mcp.close();
  }
  await cluster.close();
}
