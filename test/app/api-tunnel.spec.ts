import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';
import { freePort, startOpenSsh, type OpenSsh } from '../exec/openssh.ts';
import { startProduct } from '../product.ts';

describe('the API through an SSH tunnel', () => {
  let openssh: OpenSsh;
  let sim: Simulator;
  let deadPort: number;
  let folder: string;
  beforeAll(async () => {
    openssh = await startOpenSsh();
    sim = await startSimulator({ speed: 200, authenticationDelaySeconds: 0 });
    // Where the configuration points without the tunnel, nobody listens.
    deadPort = await freePort();
    folder = mkdtempSync(join(tmpdir(), 'tunnel-'));
    writeFileSync(join(folder, 'ca.pem'), sim.caCertificate);
  }, 240_000);
  beforeEach(() => sim.requests.clear());
  afterAll(async () => {
    await sim.close();
    await openssh.stop();
    rmSync(folder, { recursive: true });
  });

  const ssh = () => ({
    user: userInfo().username,
    port: openssh.port,
    key_file: openssh.clientKey.file,
    known_hosts_file: openssh.knownHostsFile,
  });
  const through = (proxmox: Readonly<Record<string, unknown>>, more: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}) =>
    startProduct({
      simulator: sim,
      config: {
        proxmox: { port: deadPort, ...proxmox },
        api_tunnel: { enabled: true, ssh_host: '127.0.0.1', remote_host: '127.0.0.1', remote_port: sim.port },
        ssh: ssh(),
        ...more,
      },
    });

  test('is opened by the first call, and reads and writes go through it', async () => {
    await using product = await through({});
    expect(sim.requests.count()).toBe(0);
    const { output } = await product.call('get_nodes');
    expect(output).toMatchObject({ nodes: expect.arrayContaining([expect.objectContaining({ node: 'pve1' })]) });
    sim.cluster.vm(101, { status: 'stopped' });
    expect((await product.call('start_vm', { vmid: 101, wait_seconds: 20 })).output).toMatchObject({ status: 'completed' });
  }, 30_000);

  test('whoever listens where the predecessor had its end of the tunnel is never spoken to', async () => {
    let visitors = 0;
    const foreign = createServer((socket) => {
      visitors += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve));
    const { port } = foreign.address() as AddressInfo;
    await using product = await through(
      { host: '127.0.0.1', port },
      {
        api_tunnel: {
          enabled: true,
          ssh_host: '127.0.0.1',
          local_host: '127.0.0.1',
          local_port: port,
          remote_host: '127.0.0.1',
          remote_port: sim.port,
        },
      },
    );
    expect((await product.call('get_nodes')).isError).toBe(false);
    foreign.close();
    expect(visitors).toBe(0);
  }, 30_000);

  test('leads through the SSH server as the user that is named with it', async () => {
    const end = { remote_host: '127.0.0.1', remote_port: sim.port };
    const tunnel = (user: string) => ({ enabled: true, ssh_host: `${user}@127.0.0.1`, ...end });
    const as = (user: string) => through({}, { ssh: { ...ssh(), user: 'nobody-here' }, api_tunnel: tunnel(user) });
    {
      await using product = await as(userInfo().username);
      expect((await product.call('get_nodes')).isError).toBe(false);
    }
    await using other = await as('nobody-else');
    expect((await other.call('get_nodes')).error).toMatchObject({
      message: expect.stringContaining('nobody-else'),
      details: { reason: 'authentication_failed' },
    });
  }, 30_000);

  test("is carried by the system's client where that is preferred", async () => {
    await using product = await through({}, { ssh: { ...ssh(), prefer_ssh_client: true } });
    expect((await product.call('get_nodes')).isError).toBe(false);
  }, 30_000);

  test('a certificate other than the pinned one gets no request', async () => {
    await using product = await through({ fingerprint: 'AB'.repeat(32) });
    const { error } = await product.call('get_nodes');
    expect(error).toMatchObject({
      code: 'proxmox_unreachable',
      effect: 'none',
      details: { reason: 'pin_mismatch', presented_fingerprint: sim.fingerprint },
    });
    expect(sim.requests.count()).toBe(0);
  });

  test("the certificate is verified against Proxmox's own name, not against the near end of the tunnel", async () => {
    const ca = { fingerprint: undefined, ca_file: join(folder, 'ca.pem') };
    {
      await using product = await through({ ...ca, host: 'pve1' });
      expect((await product.call('get_nodes')).isError).toBe(false);
    }
    sim.requests.clear();
    await using impostor = await through({ ...ca, host: 'other.example' });
    expect((await impostor.call('get_nodes')).error).toMatchObject({ details: { reason: 'ERR_TLS_CERT_ALTNAME_INVALID' } });
    expect(sim.requests.count()).toBe(0);
  });

  test('an SSH server that is not known is refused, and the error says so', async () => {
    await using product = await through({}, { ssh: { ...ssh(), known_hosts_file: '/dev/null' } });
    expect((await product.call('get_nodes')).error).toMatchObject({ effect: 'none', details: { reason: 'host_key_unknown' } });
    expect(sim.requests.count()).toBe(0);
  });

  test('a lost SSH connection is made again', async () => {
    await using product = await through({});
    expect((await product.call('get_nodes')).isError).toBe(false);
    openssh.dropConnections();
    const answers = [await product.call('get_nodes'), await product.call('get_nodes'), await product.call('get_nodes')];
    expect(answers.at(-1)?.isError).toBe(false);
  }, 30_000);

  test('nothing behind the SSH server is told as the reason', async () => {
    await using product = await through(
      {},
      { api_tunnel: { enabled: true, ssh_host: '127.0.0.1', remote_host: '127.0.0.1', remote_port: deadPort } },
    );
    expect((await product.call('get_nodes')).error).toMatchObject({ code: 'proxmox_unreachable', details: { reason: 'forward_refused' } });
  });
});
