import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Bench } from './bench.ts';
import { bundled } from './bundled.ts';
import { startHttp, type HttpTarget } from './http-client.ts';
import { show } from './report.ts';
import { startCluster } from './simulated-cluster.ts';
import { startStdio } from './stdio-client.ts';
import { compared, throughput, type Timing } from './statistics.ts';

const CLIENTS = 32;
const OPEN = { PROXMOX_ALLOW_NO_AUTH: 'true', PROXMOX_RATE_LIMIT_RPM: '0' };
type Speed = Timing & { readonly perSecond: number };

/** A warm read over each surface against the least that the SDK, the framework and node:http do to give the same answer. */
export async function measureBaselines(bench: Bench): Promise<void> {
  const cluster = await startCluster({ kind: 'plain', nodes: 20, guests: 2000, latencyMs: 0 });
  const environment = { ...cluster.environment, ...OPEN };
  const [stdioServer, httpServer] = [await bundled('bare-server'), await bundled('bare-http')];
  const folder = dirname(httpServer.file);
  try {
    const ours = await startStdio(bench.command, { ...environment, ...bench.state(30) });
    const answer = await ours.call('get_nodes');
    const [toolFile, bodyFile] = [join(folder, 'tool.json'), join(folder, 'body.json')];
    await writeFile(toolFile, JSON.stringify(answer));
    await writeFile(bodyFile, JSON.stringify(answer['structuredContent']));
    const bare = await startStdio([process.execPath, stdioServer.file], { ANSWER_FILE: toolFile });
    const { baseline, work, ratio } = await compared(
      bench.isQuick ? 300 : 2000,
      () => bare.call('nothing'),
      () => ours.call('get_nodes'),
      200,
    );
    await Promise.all([ours.close(), bare.close()]);
    bench.add({
      work: 'tools/call over stdio, one after the other (get_nodes, warm)',
      target: "at most 1.3 x the SDK's bare echo of the same answer",
      measured: `${show(work.medianMs)} ms = ${show(ratio)} x ${show(baseline.medianMs)} ms`,
      met: ratio <= 1.3,
      figures: { ms: work.medianMs, bare_ms: baseline.medianMs, ratio },
    });

    const bareHttp = (kind: string, file: string): Promise<HttpTarget> =>
      startHttp([process.execPath, httpServer.file, kind, file], {}, 'PORT');
    const rest = await startHttp([...bench.command, 'serve'], { ...environment, ...bench.state(30) }, 'API_PORT');
    const [node, framework] = [await bareHttp('node', bodyFile), await bareHttp('hono', bodyFile)];
    const post = (target: HttpTarget) => () => target.post('/get_nodes', {});
    const [nodeSpeed, bareSpeed, speed] = await inTurn(bench, [post(node), post(framework), post(rest)]);
    await Promise.all([rest.close(), node.close(), framework.close()]);
    bench.add({
      work: `POST /get_nodes over HTTP, warm, ${CLIENTS} clients`,
      target: "at least 2,000/s, p99 under 50 ms, 0.6 of the framework's bare route",
      measured: `${show(speed.perSecond)}/s = ${show(speed.perSecond / bareSpeed.perSecond)} of ${show(bareSpeed.perSecond)}/s (node:http ${show(nodeSpeed.perSecond)}/s), p99 ${show(speed.p99Ms)} ms`,
      met: speed.perSecond >= 2000 && speed.p99Ms < 50 && speed.perSecond >= 0.6 * bareSpeed.perSecond,
      figures: {
        per_second: speed.perSecond,
        bare_per_second: bareSpeed.perSecond,
        node_per_second: nodeSpeed.perSecond,
        p99_ms: speed.p99Ms,
      },
    });

    const mcp = await startHttp([...bench.command, 'mcp-http'], { ...environment, ...bench.state(30) }, 'MCP_PORT');
    const sdk = await bareHttp('sdk', toolFile);
    const callOf = (name: string) => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: {} } });
    const [sdkSpeed, mcpSpeed] = await inTurn(bench, [
      () => sdk.post('/mcp', callOf('nothing')),
      () => mcp.post('/mcp', callOf('get_nodes')),
    ]);
    await Promise.all([mcp.close(), sdk.close()]);
    bench.add({
      work: `tools/call over MCP HTTP, warm, ${CLIENTS} clients`,
      target: "at least 0.8 of the SDK's bare low-level server",
      measured: `${show(mcpSpeed.perSecond)}/s = ${show(mcpSpeed.perSecond / sdkSpeed.perSecond)} of ${show(sdkSpeed.perSecond)}/s, p99 ${show(mcpSpeed.p99Ms)} ms`,
      met: mcpSpeed.perSecond >= 0.8 * sdkSpeed.perSecond,
      figures: { per_second: mcpSpeed.perSecond, bare_per_second: sdkSpeed.perSecond, p99_ms: mcpSpeed.p99Ms },
    });
  } finally {
    await Promise.all([stdioServer.close(), httpServer.close(), cluster.close()]);
  }
}

/** Each in several short rounds, one after the other, so that other load on the machine falls on all alike; the median round counts. */
async function inTurn<const Works extends readonly (() => Promise<unknown>)[]>(
  { isQuick }: Bench,
  works: Works,
): Promise<{ [Index in keyof Works]: Speed }> {
  const rounds: Speed[][] = works.map(() => []);
  for (const work of works) await throughput(8, 700, work);
  for (let round = 0; round < (isQuick ? 1 : 5); round++)
    for (const [index, work] of works.entries()) rounds[index]?.push(await throughput(CLIENTS, 1500, work));
  const median = (speeds: Speed[]): Speed | undefined =>
    speeds.toSorted((a, b) => a.perSecond - b.perSecond)[Math.floor(speeds.length / 2)];
  return rounds.map(median) as { [Index in keyof Works]: Speed };
}
