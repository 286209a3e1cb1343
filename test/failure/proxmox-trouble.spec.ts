import { once } from 'node:events';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';
import { startSimulator } from '../../src/simulator/start-simulator.ts';

/** A product whose Proxmox VE is somewhere else, trusted or not as the case may be. */
const productAt = (proxmox: Readonly<Record<string, unknown>>, simulator: Awaited<ReturnType<typeof startSimulator>>): Promise<Product> =>
  startProduct({ simulator, config: { proxmox: { timeout: 2, ...proxmox } } });

describe('trouble with Proxmox VE', () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  beforeAll(async () => {
    simulator = await startSimulator({ authenticationDelaySeconds: 0, speed: 200 });
  });
  afterAll(() => simulator.close());

  test('a wrong token is named with where to look', async () => {
    await using product = await startProduct({
      simulator,
      token: (sim) => ({ ...sim.token, tokenValue: '00000000-0000-0000-0000-000000000000' }),
    });
    const { isError, error, text } = await product.call('get_nodes');
    expect(isError).toBe(true);
    expect(error).toMatchObject({ code: 'proxmox_failed', effect: 'none' });
    expect(error.message).toContain('does not accept the API token root@pam!');
    expect(text).not.toContain('00000000');
  });

  test('a certificate other than the pinned one receives no request, and the new fingerprint is told', async () => {
    await using product = await productAt({ fingerprint: 'AA'.repeat(32) }, simulator);
    simulator.requests.clear();
    const { error } = await product.call('start_vm', { vmid: 105, node: 'pve1' });
    expect(error).toMatchObject({ code: 'proxmox_unreachable', effect: 'none', details: { presented_fingerprint: simulator.fingerprint } });
    expect(simulator.requests.list()).toEqual([]);
  });

  test("Proxmox's own certificate, which nobody can verify, is answered with the setting that pins it", async () => {
    await using product = await productAt({ fingerprint: undefined }, simulator);
    simulator.requests.clear();
    const { error } = await product.call('get_nodes');
    expect(error.message).toContain('cannot be verified');
    expect(error.hint).toContain(`PROXMOX_FINGERPRINT=${simulator.fingerprint}`);
    expect(error.hint).toContain('/etc/pve/local/pve-ssl.pem');
    expect(simulator.requests.list()).toEqual([]);
  });

  test('a host where nothing listens', async () => {
    const unused = createTcpServer().listen(0, '127.0.0.1');
    await once(unused, 'listening');
    const { port } = unused.address() as AddressInfo;
    await new Promise((resolve) => unused.close(resolve));
    await using product = await productAt({ port }, simulator);
    const { error } = await product.call('get_vms');
    expect(error).toMatchObject({ code: 'proxmox_unreachable', effect: 'none', message: `Nothing listens at https://127.0.0.1:${port}.` });
    expect(error.hint).toContain('8006');
  });

  test('a port that does not speak TLS', async () => {
    const plain = createTcpServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n')).listen(0, '127.0.0.1');
    await once(plain, 'listening');
    await using product = await productAt({ port: (plain.address() as AddressInfo).port }, simulator);
    const { error } = await product.call('get_vms');
    expect(error).toMatchObject({ code: 'proxmox_unreachable', effect: 'none' });
    await new Promise((resolve) => plain.close(resolve));
  });

  test('a node that hangs ends at the deadline and leaves the process alive', async () => {
    await using product = await productAt({ timeout: 1 }, simulator);
    const lift = simulator.faults.hang('GET /nodes/pve2/status');
    const { error } = await product.call('get_node_status', { node: 'pve2' });
    lift();
    expect(error).toMatchObject({ code: 'timeout', effect: 'none' });
    expect((await product.call('get_nodes')).isError).toBe(false);
  });

  test('a web page in place of an answer', async () => {
    await using product = await productAt({}, simulator);
    const lift = simulator.faults.respond('GET /cluster/resources', { status: 200, body: '<html>log in</html>', contentType: 'text/html' });
    const { error } = await product.call('get_vms');
    lift();
    expect(error).toMatchObject({ code: 'proxmox_failed', effect: 'none' });
    expect(error.message).toContain('text/html');
    expect(error.hint).toContain('8006');
  });

  test('an answer that is cut off', async () => {
    await using product = await productAt({}, simulator);
    const lift = simulator.faults.truncate('GET /cluster/resources');
    const { isError, error } = await product.call('get_vms');
    lift();
    expect(isError).toBe(true);
    expect(error.effect).toBe('none');
    expect((await product.call('get_vms')).isError).toBe(false);
  });

  test('a node that is down is offline, not a failed call, and its guests are unknown, not stopped', async () => {
    await using product = await productAt({}, simulator);
    const restore = simulator.faults.loseNode('pve2');
    expect((await product.call('get_node_status', { node: 'pve2' })).output).toMatchObject({ node: 'pve2', status: 'offline', cpus: null });
    const vms = await product.call('get_vms', { node: 'pve2' });
    expect(vms.output['unknown']).toBeGreaterThan(0);
    expect(vms.output['stopped']).toBe(0);
    restore();
  });
});

test('an impostor who presents a certificate of his own gets the handshake and nothing else', async () => {
  await using product = await startProduct();
  const other = await startSimulator();
  other.requests.clear();
  await using victim = await startProduct({ simulator: other, config: { proxmox: { fingerprint: product.sim.fingerprint } } });
  await victim.call('get_vms');
  expect(other.requests.list()).toEqual([]);
  await other.close();
});
