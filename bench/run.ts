import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { startHttp } from './http-client.ts';
import { measureGuestList, measurePing, measureStorageReads, measureThroughput } from './reads.ts';
import { tableOf, type Row } from './report.ts';
import { startCluster } from './simulated-cluster.ts';
import { measureSoak } from './soak.ts';
import { measureStart } from './start-up.ts';
import { startStdio } from './stdio-client.ts';
import { measureWrites } from './writes.ts';

const USAGE = `npm run build && node bench/run.ts [--bin FILE] [--json FILE] [--long MINUTES]
node bench/run.ts --command "uvx some-other-server"   cold start, memory and guest lists of another MCP server over stdio
  The other server gets the PROXMOX_* variables of this product.`;

const { values } = parseArgs({
  options: {
    bin: { type: 'string' },
    json: { type: 'string' },
    long: { type: 'string' },
    command: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}

const LATENCY_MS = 20;
const bin = resolve(values.bin ?? join(import.meta.dirname, '../bin/proxmox-mcp-plus.cjs'));
const command = values.command?.split(' ').filter((word) => word !== '') ?? [process.execPath, bin];
const isOurs = values.command === undefined;
const folder = await mkdtemp(join(tmpdir(), 'bench-state-'));
const rows: Row[] = [];
const add = (more: Row | readonly Row[]): void => {
  for (const row of [more].flat()) {
    rows.push(row);
    process.stderr.write(`${row.work}: ${row.measured}\n`);
  }
};
let states = 0;
/** Every server keeps its own jobs. A list counts as new only when it was read for the call. */
const stateOf = (inventorySeconds: number) => ({
  PROXMOX_MCP_STATE_DIR: join(folder, String(states++)),
  PROXMOX_INVENTORY_SECONDS: String(inventorySeconds),
  LOG_LEVEL: 'ERROR',
});

try {
  const small = await startCluster({ scenario: 'cluster', nodes: 3, guests: 0, latencyMs: 0 });
  add(await measureStart(command, { ...small.environment, ...stateOf(2) }));
  await small.close();

  for (const [nodes, guests] of [
    [1, 100],
    [5, 1000],
    [20, 4000],
  ] as const) {
    const cluster = await startCluster({ nodes, guests, latencyMs: 0 });
    const server = await startStdio(command, { ...cluster.environment, ...stateOf(0) });
    add(await measureGuestList(server, cluster, guests, false));
    await server.close();
    await cluster.close();
  }

  const large = await startCluster({ scenario: 'large', nodes: 50, guests: 10_000, latencyMs: 0 });
  const fresh = await startStdio(command, { ...large.environment, ...stateOf(0) });
  add(await measureGuestList(fresh, large, 10_000, true));
  if (isOurs) add(await measurePing(fresh));
  if (isOurs) add(await measureWrites(fresh, large));
  await fresh.close();
  await large.close();

  if (isOurs) {
    const slow = await startCluster({ scenario: 'large', nodes: 50, guests: 10_000, latencyMs: LATENCY_MS });
    const lists = await startStdio(command, { ...slow.environment, ...stateOf(0) });
    add(await measureStorageReads(lists, slow, LATENCY_MS));
    await lists.close();
    await slow.close();

    const busy = await startCluster({ nodes: 20, guests: 2000, latencyMs: LATENCY_MS });
    const reader = await startStdio(command, { ...busy.environment, ...stateOf(2) });
    const read = { name: 'get_vms', arguments: { limit: 20 } };
    add(await measureThroughput(`get_vms over stdio, 32 clients, ${LATENCY_MS} ms`, () => reader.request('tools/call', read), 1200));
    await reader.close();
    const http = await startHttp(
      [...command, 'serve'],
      { ...busy.environment, ...stateOf(2), PROXMOX_ALLOW_NO_AUTH: 'true', PROXMOX_RATE_LIMIT_RPM: '0' },
      'API_PORT',
    );
    add(
      await measureThroughput(`POST /get_vms over HTTP, 32 clients, ${LATENCY_MS} ms`, () => http.post('/get_vms', read.arguments), 1200),
    );
    add(await measureThroughput('POST /get_nodes over HTTP, warm', () => http.post('/get_nodes', {}), 2000));
    await http.close();
    const mcp = await startHttp([...command, 'mcp-http'], { ...busy.environment, ...stateOf(2) }, 'MCP_PORT');
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: read };
    add(await measureThroughput(`get_vms over MCP HTTP, 32 clients, ${LATENCY_MS} ms`, () => mcp.post('/mcp', body), 1200));
    await mcp.close();
    if (values.long !== undefined) add(await measureSoak(command, { ...busy.environment, ...stateOf(2) }, Number(values.long) * 60_000));
    await busy.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.stdout.write(`${tableOf(rows)}\n`);
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
