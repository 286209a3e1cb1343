import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashKey } from '../../src/http/keyring.ts';
import { KEY, startService, type Service } from './service.ts';

const READER = 'key-that-may-only-read';
const keys = [{ name: 'reader', hash: hashKey(READER), scopes: ['read'] }];

let service: Service;
beforeAll(async () => {
  service = await startService({ listen: true, doors: { rest: true, mcp: 'same-port' }, config: { keys } });
});
afterAll(() => service.close());

async function connect(url: string, key: string | null): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  const requestInit = key === null ? {} : { headers: { authorization: `Bearer ${key}` } };
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`), { requestInit }));
  return client;
}

test('one port serves both doors, and both ask for the same keys', async () => {
  const client = await connect(service.url, KEY);
  const { structuredContent } = await client.callTool({ name: 'get_nodes', arguments: {} });
  const overHttp = (await (await service.post('/get_nodes')).json()) as { nodes: readonly { node: string }[] };
  const overMcp = structuredContent as typeof overHttp;
  expect(overMcp.nodes.map(({ node }) => node)).toEqual(overHttp.nodes.map(({ node }) => node));
  await client.close();
});

test.each([
  [null, 401],
  ['wrong', 403],
])('MCP with the key %s is turned away with %i', async (key, status) => {
  const response = await fetch(`${service.url}/mcp`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    },
    body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
  });
  expect(response.status).toBe(status);
  expect(response.headers.get('www-authenticate')).toBe(status === 401 ? 'Bearer' : null);
});

test('a key that may only read cannot write over MCP either, and nothing reaches Proxmox', async () => {
  const client = await connect(service.url, READER);
  service.sim.requests.clear();
  expect((await client.callTool({ name: 'get_nodes', arguments: {} })).isError ?? false).toBe(false);
  service.sim.requests.clear();
  expect((await client.listTools()).tools.map(({ name }) => name)).not.toContain('start_vm');
  await expect(client.callTool({ name: 'start_vm', arguments: { vmid: 103 } })).rejects.toThrow('Unknown tool');
  expect(service.sim.requests.count('* /nodes/**')).toBe(0);
  await client.close();
});

test('a job made over MCP names the key that made it', async () => {
  const client = await connect(service.url, KEY);
  const { structuredContent } = await client.callTool({
    name: 'create_backup',
    arguments: { vmid: 102, storage: 'nfs-backup', wait_seconds: 20 },
  });
  const { job_id } = structuredContent as { job_id: string };
  const job = await service.product.jobs.get(job_id);
  expect(job).toMatchObject({ principalId: 'key:api', surface: 'mcp-http' });
  await client.close();
});

test('MCP on a port of its own is open on loopback without a key, and asks for one elsewhere', async () => {
  await using local = await startService({ key: false, listen: true, doors: { rest: false, mcp: 'own-port' } });
  const client = await connect(local.mcpUrl, null);
  expect((await client.listTools()).tools.length).toBeGreaterThan(10);
  await client.close();
  await expect(
    startService({ key: false, listen: true, doors: { rest: false, mcp: 'own-port' }, config: { mcp: { host: '0.0.0.0' } } }),
  ).rejects.toThrow(/PROXMOX_API_KEY/);
});

test('both doors on ports of their own share one product', async () => {
  await using both = await startService({ listen: true, doors: { rest: true, mcp: 'own-port' } });
  expect(both.mcpUrl).not.toBe(both.url);
  const client = await connect(both.mcpUrl, KEY);
  await client.callTool({ name: 'get_nodes', arguments: {} });
  expect(await (await both.ask('/metrics')).text()).toMatch(/proxmox_mcp_tool_calls_total\{tool="get_nodes",status="ok"\} 1/);
  await client.close();
});
