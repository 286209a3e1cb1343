import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { startRaw, stdioCommand } from './serve-stdio.ts';

const INITIALIZE = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
};

/** What stands on standard output and is not a JSON-RPC message. */
function strangers(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => {
    try {
      return (JSON.parse(line) as { jsonrpc?: string }).jsonrpc !== '2.0';
    } catch {
      return true;
    }
  });
}

describe('standard output of the stdio server', () => {
  let simulator: Simulator;
  beforeAll(async () => {
    simulator = await startSimulator({ speed: 100, authenticationDelaySeconds: 0 });
  });
  afterAll(() => simulator.close());

  test('carries nothing but JSON-RPC, and the server ends when the client closes its end', async () => {
    using command = stdioCommand(simulator, { LOG_LEVEL: 'DEBUG' });
    const server = startRaw(command);
    server.send(INITIALIZE);
    await server.answer(1);
    server.send({ method: 'notifications/initialized' });
    server.send({ id: 2, method: 'tools/list' });
    await server.answer(2);
    server.send({ id: 3, method: 'tools/call', params: { name: 'get_vms', arguments: {} } });
    expect(await server.answer(3)).toHaveProperty('result.structuredContent.guests');
    server.child.stdin.write('this is no JSON\n');
    server.send({ id: 4, method: 'no/such/method' });
    expect(await server.answer(4)).toMatchObject({ error: { code: -32601 } });
    server.child.stdin.end();
    expect(await server.exited).toBe(0);
    expect(strangers(server.lines)).toEqual([]);
    expect(server.stderr()).toContain('"msg"');
  });

  test('carries nothing but answers to what can be answered, whatever comes in', async () => {
    using command = stdioCommand(simulator);
    const server = startRaw(command);
    const line = (text: string | Uint8Array): void => void server.child.stdin.write(Buffer.concat([Buffer.from(text), Buffer.from('\n')]));
    server.send({ method: 'notifications/initialized' });
    server.send({ method: 'notifications/cancelled', params: { requestId: 9 } });
    for (const broken of ['{oops', '', 'null', '5', '[]', '{}', JSON.stringify([{ jsonrpc: '2.0', id: 90, method: 'ping' }])]) line(broken);
    line(Buffer.from([0xff, 0xfe, 0xc3, 0x00]));
    line('{"jsonrpc":"1.0","id":91,"method":"ping"}');
    server.send({ id: 92, result: {} });
    server.send(INITIALIZE);
    await server.answer(1);
    const answers = [2, 3, 4, 5, 6, 8].map((id) => server.answer(id));
    server.send({ id: 2, method: '__proto__' });
    server.send({ id: 3, method: 'x'.repeat(100_000) });
    server.send({ id: 4, method: 'tools/call', params: { name: 'constructor' } });
    line(
      `{"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":"get_nodes","arguments":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}}`,
    );
    server.send({ id: 6, method: 'tools/call', params: { name: 'get_vms', arguments: { name: 'x'.repeat(3_000_000) } } });
    server.send({ id: 7, method: 'tools/call', params: { name: 'poll_job', arguments: { job_id: 'none', wait_seconds: 50 } } });
    server.send({ method: 'notifications/cancelled', params: { requestId: 7, reason: 'changed my mind' } });
    server.send({ id: 8, method: 'ping' });
    expect(await Promise.all(answers)).toMatchObject([
      { error: { code: -32601 } },
      { error: { code: -32601 } },
      { error: { code: -32602 } },
      { result: { structuredContent: { ignored_arguments: ['a'] } } },
      { result: { isError: true } },
      { result: {} },
    ]);
    server.child.stdin.end();
    expect(await server.exited).toBe(0);
    expect(strangers(server.lines)).toEqual([]);
    expect(server.lines.filter((text) => /"id":9\d/.test(text))).toEqual([]);
  });

  test('waits for a client that is slow to read, and loses nothing', async () => {
    using command = stdioCommand(simulator);
    const server = startRaw(command);
    server.child.stdout.pause();
    server.send(INITIALIZE);
    for (let id = 100; id < 300; id += 1) server.send({ id, method: 'tools/list' });
    const last = server.answer(299);
    // More than a pipe holds, so the server has met the end of it once this much is waiting here.
    await expect.poll(() => server.child.stdout.readableLength, { timeout: 15_000 }).toBeGreaterThan(60_000);
    server.child.stdout.resume();
    await last;
    server.child.stdin.end();
    expect(await server.exited).toBe(0);
    expect(server.lines).toHaveLength(201);
    expect(server.stderr()).not.toContain('MaxListeners');
  });

  test('stays empty when the configuration is wrong; what is wrong stands on standard error', async () => {
    using command = stdioCommand(simulator, { PROXMOX_PORT: '70000' });
    const server = startRaw(command);
    expect(await server.exited).toBe(1);
    expect(server.lines).toEqual([]);
    expect(server.stderr()).toMatch(/^Server initialization failed: [^]*PROXMOX_PORT/);
  });

  test('stays clean when Proxmox VE cannot be reached: the server answers, and the call says why it failed', async () => {
    using command = stdioCommand(simulator, { PROXMOX_PORT: '1' });
    const server = startRaw(command);
    server.send(INITIALIZE);
    await server.answer(1);
    server.send({ id: 2, method: 'tools/call', params: { name: 'get_nodes', arguments: {} } });
    expect(await server.answer(2)).toMatchObject({
      result: { isError: true, _meta: { 'proxmox-mcp-plus/error': { code: 'proxmox_unreachable' } } },
    });
    server.child.stdin.end();
    expect(await server.exited).toBe(0);
    expect(strangers(server.lines)).toEqual([]);
  });

  test('a message without an end is given up at 10 MB: the server ends and leaves no process that hears nothing', async () => {
    using command = stdioCommand(simulator);
    const server = startRaw(command);
    server.send(INITIALIZE);
    await server.answer(1);
    server.child.stdin.on('error', () => undefined);
    server.child.stdin.write(`{"jsonrpc":"2.0","id":2,"method":"${'x'.repeat(11 * 1024 * 1024)}`);
    expect(await server.exited).toBe(0);
    expect(strangers(server.lines)).toEqual([]);
  });

  test('the server ends when nobody reads its output any more', async () => {
    using command = stdioCommand(simulator);
    const server = startRaw(command);
    server.send(INITIALIZE);
    await server.answer(1);
    const exited = new Promise((resolve) => server.child.once('exit', resolve));
    server.child.stdin.on('error', () => undefined);
    server.child.stdout.destroy();
    server.send({ id: 2, method: 'tools/list' });
    expect(await exited).toBe(0);
  });

  test('stays clean when the process is asked to end', async () => {
    using command = stdioCommand(simulator);
    const server = startRaw(command);
    server.send(INITIALIZE);
    await server.answer(1);
    server.child.kill('SIGTERM');
    expect(await server.exited).toBe(0);
    expect(strangers(server.lines)).toEqual([]);
  });
});
