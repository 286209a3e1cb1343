import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect, createServer as createTcpServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { OperationError } from '../../src/domain/operation-error.ts';
import type { SshSettingsInput } from '../../src/exec/ssh-settings.ts';
import { openTunnel } from '../../src/exec/tunnel.ts';
import type { Tunnel } from '../../src/exec/tunnel.ts';
import { eventually, freePort, startOpenSsh } from './openssh.ts';
import type { OpenSsh } from './openssh.ts';

let openssh: OpenSsh;
let api: Server;
const tunnels: Tunnel[] = [];
vi.setConfig({ testTimeout: 20_000 });
beforeAll(async () => {
  openssh = await startOpenSsh();
  api = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on('data', (chunk: Buffer) => chunks.push(chunk))
      .on('end', () => response.end(Buffer.concat([Buffer.from(`${request.url} `), ...chunks])));
  });
  await new Promise<void>((resolve) => api.listen(0, '127.0.0.1', resolve));
}, 240_000);
afterAll(async () => {
  api.closeAllConnections();
  api.close();
  await openssh.stop();
});
afterEach(async () => {
  await Promise.all(tunnels.splice(0).map((tunnel) => tunnel.close()));
});

async function open(settings: SshSettingsInput = {}, remotePort = (api.address() as AddressInfo).port): Promise<Tunnel> {
  const tunnel = await openTunnel(openssh.settings(settings), { sshHost: '127.0.0.1', remoteHost: '127.0.0.1', remotePort });
  tunnels.push(tunnel);
  return tunnel;
}
const get = async (tunnel: Tunnel, path: string, init: RequestInit = {}): Promise<string> =>
  (await fetch(`http://${tunnel.host}:${tunnel.port}${path}`, init)).text();
const failureOf = (call: Promise<unknown>): Promise<OperationError> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: OperationError) => error,
  );

describe.each([
  ['the built-in client', {}],
  ["the system's client", { preferSshClient: true }],
])('a tunnel through %s', (_name, settings) => {
  test('carries requests and large bodies in parallel', async () => {
    const tunnel = await open(settings);
    const body = 'x'.repeat(3_000_000);
    const answers = await Promise.all([get(tunnel, '/a'), get(tunnel, '/b', { method: 'POST', body }), get(tunnel, '/c')]);
    expect(answers).toEqual(['/a ', `/b ${body}`, '/c ']);
  });

  test('refuses a host that is not known', async () => {
    expect(await failureOf(open({ ...settings, knownHostsFiles: [] }))).toMatchObject({
      effect: 'none',
      details: { reason: 'host_key_unknown' },
    });
  });

  test('says when nothing listens at the far end', async () => {
    const nowhere = await freePort();
    const failure = await open(settings, nowhere).then(
      async (tunnel) => {
        await expect(get(tunnel, '/')).rejects.toThrow('fetch failed');
        await eventually(() => tunnel.lastError() !== undefined, 'the tunnel knows why');
        return tunnel.lastError();
      },
      (error: OperationError) => error,
    );
    expect(failure).toMatchObject({ code: 'proxmox_unreachable', effect: 'none', details: { reason: 'forward_refused' } });
  });

  test('listens no more once it is closed', async () => {
    const tunnel = await open(settings);
    await get(tunnel, '/x');
    await tunnel.close();
    const refused = await new Promise((resolve) =>
      connect(tunnel.port, tunnel.host)
        .once('error', (error: NodeJS.ErrnoException) => resolve(error.code))
        .once('connect', () => resolve('open')),
    );
    expect(refused).toBe('ECONNREFUSED');
  });
});

test('makes a lost SSH connection again', async () => {
  const tunnel = await open();
  expect(await get(tunnel, '/before')).toBe('/before ');
  openssh.dropConnections();
  await eventually(
    async () => (await get(tunnel, '/after', { signal: AbortSignal.timeout(2000) }).catch(() => '')) === '/after ',
    'the tunnel carries again',
  );
  expect(tunnel.lastError()).toBe(undefined);
});

test('listens on a port of its own on loopback', async () => {
  const [one, two] = [await open(), await open()];
  expect(one.port).not.toBe(two.port);
  expect(one.host).toBe('127.0.0.1');
});

test('says that the server is gone, and asks it ever more rarely', async () => {
  const gone = await startOpenSsh();
  gone.authorize(openssh.clientKey);
  const known = {
    keyFile: openssh.clientKey.file,
    knownHostsFiles: [],
    hostFingerprints: { '127.0.0.1': [gone.hostKey('ed25519').fingerprint] },
  };
  const tunnel = await openTunnel(gone.settings(known), {
    sshHost: '127.0.0.1',
    remoteHost: '127.0.0.1',
    remotePort: (api.address() as AddressInfo).port,
  });
  tunnels.push(tunnel);
  await gone.stop();
  let attempts = 0;
  const mute = createTcpServer((socket) => {
    attempts += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => mute.listen(gone.port, '127.0.0.1', resolve));
  const end = performance.now() + 1500;
  while (performance.now() < end) await get(tunnel, '/').catch(() => {});
  mute.close();
  expect(tunnel.lastError()).toMatchObject({ effect: 'none', details: { reason: 'unreachable', sent: false } });
  expect(attempts).toBeGreaterThan(1);
  expect(attempts).toBeLessThan(6);
});
