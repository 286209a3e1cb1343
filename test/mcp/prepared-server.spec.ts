import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { prepareServers } from '../../scripts/prepare-servers.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { startRaw, stdioCommand, type RawServer, type StdioCommand } from './serve-stdio.ts';

const PREPARED_MAIN = fileURLToPath(new URL('prepared-main.ts', import.meta.url));
const TAKEN_OVER = 'a server takes over';
const LISTS = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'];
const clientInfo = { name: 'raw', title: 'Raw', version: '1' };
const _meta = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': clientInfo,
  'io.modelcontextprotocol/clientCapabilities': {},
};
const initialize = (protocolVersion: string, id = 1) => ({
  id,
  method: 'initialize',
  params: { protocolVersion, capabilities: { roots: { listChanged: true }, elicitation: {} }, clientInfo },
});

let simulator: Simulator;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'prepared-server-'));
  writeFileSync(join(folder, 'servers.json'), JSON.stringify(await prepareServers()));
  simulator = await startSimulator({ speed: 100, authenticationDelaySeconds: 0 });
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await simulator.close();
});

/** The command of the same server, which begins with recorded answers. */
function prepared(command: StdioCommand): StdioCommand {
  const args = [...command.args.slice(0, -1), PREPARED_MAIN, join(folder, 'servers.json')];
  return { ...command, args, [Symbol.dispose]: () => undefined };
}

type Message = { readonly id?: number; readonly method: string; readonly params?: object };

/** Sends all at once, as a client may, and waits for every answer. */
async function exchange(server: RawServer, messages: readonly Message[]): Promise<readonly unknown[]> {
  const ids = messages.flatMap(({ id }) => id ?? []);
  const answers = Promise.all(ids.map((id) => server.answer(id)));
  server.child.stdin.write(messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join(''));
  return answers;
}

const idsIn = (server: RawServer): readonly unknown[] => server.lines.map((line) => (JSON.parse(line) as { id?: unknown }).id);

describe('a server that begins with recorded answers', () => {
  test.each([
    ...['2024-11-05', '2025-11-25'].map((version) => ({
      opening: version,
      messages: [
        initialize(version),
        { method: 'notifications/initialized' },
        { id: 2, method: 'ping' },
        ...LISTS.map((method, at) => ({ id: 3 + at, method, params: {} })),
      ],
    })),
    {
      opening: '2026-07-28',
      messages: [
        { id: 1, method: 'server/discover', params: { _meta } },
        ...LISTS.map((method, at) => ({ id: 2 + at, method, params: { _meta } })),
      ],
    },
  ])('says what the server would say, and loads nothing: $opening', async ({ messages }) => {
    using command = stdioCommand(simulator);
    const servers = [startRaw(prepared(command)), startRaw(command)] as const;
    const [recorded, real] = await Promise.all(servers.map((server) => exchange(server, messages)));
    expect(recorded).toEqual(real);
    for (const server of servers) server.child.stdin.end();
    expect(await Promise.all(servers.map(({ exited }) => exited))).toEqual([0, 0]);
    expect(servers[0].stderr()).toBe('');
  });

  test.each([
    {
      opening: 'a handshake',
      before: [initialize('2025-11-25'), { method: 'notifications/initialized' }, { id: 2, method: 'tools/list' }],
      call: { id: 3, method: 'tools/call', params: { name: 'get_nodes', arguments: {} } },
    },
    {
      opening: 'a handshake and a call with its number',
      before: [initialize('2025-06-18', 7), { method: 'notifications/initialized' }],
      call: { id: 7, method: 'tools/call', params: { name: 'get_nodes', arguments: {} } },
    },
    {
      opening: 'discovery',
      before: [
        { id: 1, method: 'server/discover', params: { _meta } },
        { id: 2, method: 'tools/list', params: { _meta } },
      ],
      call: { id: 3, method: 'tools/call', params: { name: 'get_nodes', arguments: {}, _meta } },
    },
    {
      opening: 'discovery, and then a handshake',
      before: [
        { id: 1, method: 'server/discover', params: { _meta } },
        initialize('2025-11-25', 2),
        { method: 'notifications/initialized' },
      ],
      call: { id: 3, method: 'tools/call', params: { name: 'get_nodes', arguments: {} } },
    },
  ])('hands over to the server at the first call, which nobody notices: $opening', async ({ before, call }) => {
    using command = stdioCommand(simulator);
    const server = startRaw(prepared(command));
    await exchange(server, before);
    expect(server.stderr()).toBe('');
    const [answer] = await exchange(server, [call]);
    expect(answer).toMatchObject({ result: { structuredContent: { nodes: [{ node: 'pve1' }, {}, {}] } } });
    expect(server.stderr()).toContain(TAKEN_OVER);
    server.child.stdin.end();
    expect(await server.exited).toBe(0);
    expect(idsIn(server)).toEqual([...before.flatMap((message) => ('id' in message ? message.id : [])), call.id]);
  });

  test('loses nothing of what comes in one piece with the first call', async () => {
    using command = stdioCommand(simulator);
    const server = startRaw(prepared(command));
    const call = (id: number) => ({ id, method: 'tools/call', params: { name: 'get_nodes', arguments: {} } });
    const messages = [initialize('2025-11-25'), { method: 'notifications/initialized' }, call(2), { id: 3, method: 'tools/list' }, call(4)];
    const text = messages.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join('');
    const answers = Promise.all([1, 2, 3, 4].map((id) => server.answer(id)));
    // Cut inside a message.
    server.child.stdin.write(text.slice(0, -20));
    server.child.stdin.write(text.slice(-20));
    await answers;
    server.child.stdin.end();
    expect(await server.exited).toBe(0);
    expect(idsIn(server)).toHaveLength(4);
    expect(new Set(idsIn(server))).toEqual(new Set([1, 2, 3, 4]));
  });

  test.each([
    ['that is read-only', { PROXMOX_MCP_READ_ONLY: 'true' }],
    ['that has SSH', { PROXMOX_SSH_USER: 'root' }],
    ['that is read-only and has SSH', { PROXMOX_MCP_READ_ONLY: 'true', PROXMOX_SSH_USER: 'root' }],
  ])('has a record of a server %s', async (_what, environment) => {
    using command = stdioCommand(simulator, environment);
    const servers = [startRaw(prepared(command)), startRaw(command)] as const;
    const messages = [initialize('2025-11-25'), { id: 2, method: 'tools/list' }];
    const [recorded, real] = await Promise.all(servers.map((server) => exchange(server, messages)));
    expect(recorded).toEqual(real);
    expect(servers[0].stderr()).toBe('');
    for (const { child } of servers) child.stdin.end();
    await Promise.all(servers.map(({ exited }) => exited));
  });

  test.each([
    ['a version nobody knows', [initialize('1999-01-01')]],
    ['a handshake without a client', [{ id: 1, method: 'initialize', params: { protocolVersion: '2025-11-25', capabilities: {} } }]],
    [
      'an envelope that lacks a part',
      [{ id: 1, method: 'tools/list', params: { _meta: { ..._meta, 'io.modelcontextprotocol/clientInfo': 5 } } }],
    ],
    ['a list before any handshake', [{ id: 1, method: 'tools/list' }]],
    ['a method nobody has', [{ id: 1, method: 'no/such/method' }]],
    ['a handshake where each request says its version', [{ id: 1, method: 'tools/list', params: { _meta } }, initialize('2025-11-25', 2)]],
    ['a second handshake', [initialize('2025-11-25'), initialize('2025-06-18', 2), { id: 3, method: 'ping' }]],
    ['a list from some place on', [initialize('2025-11-25'), { id: 2, method: 'tools/list', params: { cursor: 'x' } }]],
  ])('leaves to the server what is not recorded: %s', async (_what, messages) => {
    using command = stdioCommand(simulator);
    const [recorded, real] = await Promise.all(
      [startRaw(prepared(command)), startRaw(command)].map(async (server) => {
        const answers = await exchange(server, messages);
        server.child.stdin.end();
        await server.exited;
        return answers;
      }),
    );
    expect(recorded).toEqual(real);
  });

  test('ends with a signal as with the end of its input', async () => {
    using command = stdioCommand(simulator);
    const server = startRaw(prepared(command));
    await exchange(server, [initialize('2025-11-25')]);
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
  });

  test('does not begin with a configuration that is wrong', async () => {
    using command = stdioCommand(simulator, { PROXMOX_PORT: 'eighty' });
    const server = startRaw(prepared(command));
    server.send(initialize('2025-11-25'));
    expect(await server.exited).toBe(1);
    expect(server.lines).toEqual([]);
    expect(server.stderr()).toContain('proxmox.port (PROXMOX_PORT) = "eighty"');
  });

  test('takes over jobs of a server that is gone, although nobody asks', async () => {
    using command = stdioCommand(simulator);
    simulator.cluster.vm(901, { status: 'stopped' });
    const first = startRaw(command);
    await exchange(first, [
      initialize('2025-11-25'),
      { id: 2, method: 'tools/call', params: { name: 'start_vm', arguments: { vmid: 901 } } },
    ]);
    first.child.kill('SIGKILL');
    await first.exited;
    const second = startRaw(prepared(command));
    await exchange(second, [initialize('2025-11-25')]);
    await expect.poll(() => second.stderr(), { timeout: 20_000 }).toContain(TAKEN_OVER);
    second.child.stdin.end();
    expect(await second.exited).toBe(0);
  }, 30_000);
});
