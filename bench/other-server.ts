import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { setTimeout as pause } from 'node:timers/promises';
import { LATENCY_MS, type Bench } from './bench.ts';
import { httpClient } from './http-client.ts';
import { usageOf } from './process-usage.ts';
import { show } from './report.ts';
import { startCluster } from './simulated-cluster.ts';
import { startStdio } from './stdio-client.ts';
import { throughput, timed, timingOf } from './statistics.ts';

/** Another MCP server, and a tool of it that lists guests. */
export interface OtherServer {
  /** A tool that reads from Proxmox VE, and its arguments. */
  readonly tool: string;
  readonly args: object;
  /** `NAME=value` with {host}, {port}, {user}, {token_name}, {token_value}, {fingerprint}: what it reads its settings from. */
  readonly environment: readonly string[];
}

const GUESTS = 1000;

/** The same work for another MCP server that is started over stdio: start, memory, tools, lists of 1,000 guests, many clients. */
export async function measureOtherCommand(bench: Bench, other: OtherServer): Promise<void> {
  const bare = await timed(9, () => startNode(), 1);
  const cluster = await startCluster({ kind: 'plain', nodes: 5, guests: GUESTS, latencyMs: LATENCY_MS });
  const environment = { ...cluster.environment, ...bench.state(2), ...settingsOf(other.environment, cluster.environment) };
  const starts: number[] = [];
  for (let n = 0; n < 5; n++) {
    const once = await startStdio(bench.command, environment);
    starts.push(once.coldStartMs);
    await once.close();
  }
  const server = await startStdio(bench.command, environment);
  await pause(2000);
  const { residentMegabytes } = await usageOf(server.pid);
  const start = starts.toSorted((a, b) => a - b)[2] ?? 0;
  const { tools } = await server.request('tools/list');
  bench.add({
    work: 'cold start to tools/list, idle memory, tokens of its tools',
    target: '',
    measured: `${show(start)} ms = ${show(start / bare.medianMs)} x bare Node; ${show(residentMegabytes ?? 0)} MB; ${countTokens(JSON.stringify(tools))} tokens`,
    met: null,
    figures: { ms: start, ratio: start / bare.medianMs, megabytes: residentMegabytes },
  });
  await measureTool(
    bench,
    other,
    (name, args) => server.call(name, args),
    () => server.request('ping'),
    () => cluster.requests(),
  );
  await server.close();
  await cluster.close();
}

/** The same for an MCP server that listens already, whatever Proxmox VE stands behind it. */
export async function measureOtherUrl(bench: Bench, other: OtherServer, url: string): Promise<void> {
  const { origin, pathname } = new URL(url);
  const target = httpClient(origin);
  let id = 0;
  const ask = async (method: string, params: object): Promise<Readonly<Record<string, unknown>>> => {
    const text = await target.post(pathname, { jsonrpc: '2.0', id: ++id, method, params });
    const event = /^data: (.*)$/m.exec(text)?.[1];
    return (JSON.parse(event ?? text) as { result?: Readonly<Record<string, unknown>> }).result ?? {};
  };
  await measureTool(
    bench,
    other,
    (name, args) => ask('tools/call', { name, arguments: args }),
    () => ask('ping', {}),
  );
  await target.close();
}

async function measureTool(
  bench: Bench,
  { tool, args }: OtherServer,
  call: (name: string, args: object) => Promise<Readonly<Record<string, unknown>>>,
  ping: () => Promise<unknown>,
  requests?: () => Promise<number>,
): Promise<void> {
  await requests?.();
  const answer = await call(tool, args);
  const asked = await requests?.();
  const tokens = countTokens(JSON.stringify(answer['content'] ?? answer));
  const alone = await timed(9, () => call(tool, args), 1);
  const many = await throughput(32, bench.isQuick ? 1500 : 5000, () => call(tool, args));
  const load = throughput(4, 3000, () => call(tool, args));
  const pings: number[] = [];
  for (let n = 0; n < 100; n++) {
    const startedAt = performance.now();
    await ping();
    pings.push(performance.now() - startedAt);
    await pause(5);
  }
  await load;
  bench.add({
    work: `${tool} ${JSON.stringify(args)}`,
    target: '',
    measured: `${show(alone.medianMs)} ms${asked === undefined ? '' : `, ${asked} requests`}, ${tokens} tokens; 32 clients ${show(many.perSecond)}/s, p99 ${show(many.p99Ms)} ms; ping beside 4 clients ${show(timingOf(pings).medianMs)} ms`,
    met: null,
    figures: {
      ms: alone.medianMs,
      tokens,
      per_second: many.perSecond,
      p99_ms: many.p99Ms,
      ping_ms: timingOf(pings).medianMs,
      requests: asked ?? null,
    },
  });
}

async function startNode(): Promise<void> {
  const { execFile } = await import('node:child_process');
  const { promisify } = await import('node:util');
  await promisify(execFile)(process.execPath, ['-e', '0']);
}

function settingsOf(templates: readonly string[], simulated: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const value = (name: string): string => simulated[`PROXMOX_${name.toUpperCase()}`] ?? '';
  return Object.fromEntries(
    templates.map((template) => {
      const [name = '', ...rest] = template.split('=');
      return [name, rest.join('=').replaceAll(/\{(\w+)\}/g, (_all, part: string) => value(part))];
    }),
  );
}
