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
