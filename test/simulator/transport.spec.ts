import { X509Certificate } from 'node:crypto';
import { Agent, request } from 'node:https';
import { connect as connectTls } from 'node:tls';
import { describe, expect } from 'vitest';
import { startSimulator } from '../../src/simulator/start-simulator.ts';
import { form } from './pve-target.ts';
import { test } from './with-simulator.ts';

describe('the certificate', () => {
  test('is signed by the authority that the simulator names, for loopback names and nodes', async ({ sim }) => {
    const served = await new Promise<X509Certificate>((resolve, reject) => {
      const socket = connectTls({ host: sim.host, port: sim.port, ca: sim.caCertificate, servername: 'localhost' }, () => {
        const certificate = socket.getPeerX509Certificate();
        socket.destroy();
        if (certificate === undefined) reject(new Error('no certificate'));
        else resolve(certificate);
      });
      socket.on('error', reject);
    });
    expect(served.fingerprint256).toBe(sim.fingerprint);
    expect(served.verify(new X509Certificate(sim.caCertificate).publicKey)).toBe(true);
    for (const name of ['localhost', 'pve1', 'pve2', 'pve3']) expect(served.checkHost(name)).toBe(name);
    expect(served.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(served.checkIP('::1')).toBeDefined();
  });

  test('is told by /nodes and by certificates/info', async ({ sim, pve }) => {
    const nodes = (await pve('GET', '/nodes')).json?.data as Array<{ ssl_fingerprint: string }>;
    expect(nodes.map((node) => node.ssl_fingerprint)).toEqual([sim.fingerprint, sim.fingerprint, sim.fingerprint]);
    const infos = (await pve('GET', '/nodes/pve1/certificates/info')).json?.data as Array<{ filename: string; fingerprint: string }>;
    expect(infos.find((info) => info.filename === 'pve-ssl.pem')?.fingerprint).toBe(sim.fingerprint);
  });
});

describe('a connection', () => {
  const lastHeaders = async (
    sim: { url: string; caCertificate: string; token: { user: string; tokenName: string; tokenValue: string } },
    path: string,
    count: number,
  ): Promise<Array<string | undefined>> => {
    const agent = new Agent({ ca: sim.caCertificate, keepAlive: true, maxSockets: 1 });
    const seen: Array<string | undefined> = [];
    for (let n = 0; n < count; n++) {
      seen.push(
        await new Promise((resolve, reject) => {
          const outgoing = request(
            `${sim.url}/api2/json${path}`,
            { agent, headers: { Authorization: `PVEAPIToken=${sim.token.user}!${sim.token.tokenName}=${sim.token.tokenValue}` } },
            (incoming) => {
              incoming.resume();
              incoming.on('end', () => {
                resolve(incoming.headers.connection);
              });
            },
          );
          outgoing.on('error', reject);
          outgoing.end();
        }),
      );
    }
    agent.destroy();
    return seen;
  };

  test('lives for 100 requests', async ({ sim }) => {
    const seen = await lastHeaders(sim, '/version', 100);
    expect(seen.slice(0, 99)).toEqual(Array.from({ length: 99 }, () => 'Keep-Alive'));
    expect(seen[99]).toBe('close');
  });

  test('ends with any error', async ({ sim }) => {
    expect(await lastHeaders(sim, '/nosuch', 1)).toEqual(['close']);
  });

  test('says close for answers of another process', async ({ sim }) => {
    expect((await lastHeaders(sim, '/nodes/pve2/status', 1))[0]).toContain('close');
  });
});

describe('a request', () => {
  test('without a credential is refused with an empty body, the reason only in the status line', async ({ pve }) => {
    expect(await pve('GET', '/version', { token: null })).toMatchObject({ status: 401, reason: 'No ticket', text: '' });
    expect(await pve('GET', '/version', { token: 'root@pam!simulator=wrong' })).toMatchObject({
      status: 401,
      reason: 'Authentication failed!',
      text: '',
    });
  });

  test('with a body sent in chunks is refused', async ({ pve }) => {
    const answer = await pve('POST', '/pools', { headers: { 'Transfer-Encoding': 'chunked' }, body: 'poolid=x' });
    expect(answer).toMatchObject({ status: 501, reason: 'chunked transfer encoding not supported' });
  });

  test('may carry half a mebibyte and no more', async ({ pve }) => {
    expect((await pve('POST', '/pools', { body: form({ poolid: 'big', comment: 'y'.repeat(500_000) }) })).status).toBe(200);
    expect(await pve('POST', '/pools', { body: form({ poolid: 'bigger', comment: 'y'.repeat(600_000) }) })).toMatchObject({
      status: 501,
      reason: 'for data too large',
    });
  });

  test('loses what stands after a second equals sign, and splits at semicolons', async ({ pve, cluster }) => {
    await pve('PUT', '/nodes/pve1/qemu/105/config', { body: 'description=a=b=c;onboot=1' });
    expect(cluster.guest(105)?.config).toMatchObject({ description: 'a', onboot: 1 });
  });

  test('has its whole path decoded before it is split, so an encoded slash is a slash', async ({ pve }) => {
    expect((await pve('GET', '/nodes/pve1%2Fqemu%2F105%2Fconfig')).status).toBe(200);
    expect(await pve('DELETE', '/nodes/pve1/qemu/105/snapshot/clean%2Frollback%2Fx')).toMatchObject({ status: 501 });
  });

  test('to something that is not modelled is answered 501', async ({ pve }) => {
    expect(await pve('GET', '/nodes/pve1/ceph/status')).toMatchObject({
      status: 501,
      reason: "Method 'GET /nodes/pve1/ceph/status' not implemented",
    });
  });

  test('in the extjs format always succeeds on the outside', async ({ pve }) => {
    const answer = await pve('GET', '/nodes/pve1/qemu/777/config', { base: '/api2/extjs' });
    expect(answer).toMatchObject({ status: 200, json: { success: 0, status: 500, data: null } });
  });

  test('is kept in the log of requests', async ({ sim, pve }) => {
    await pve('GET', '/nodes/pve1/status');
    await pve('POST', '/nodes/pve1/qemu/105/status/start');
    expect(sim.requests.count('GET /nodes/*/status')).toBe(1);
    expect(sim.requests.list('POST /nodes/**')).toMatchObject([{ method: 'POST', path: '/nodes/pve1/qemu/105/status/start', status: 200 }]);
    sim.requests.clear();
    expect(sim.requests.count()).toBe(0);
  });
});

describe('a refused credential', () => {
  test('is answered late under a real clock', async () => {
    const sim = await startSimulator({ scenario: 'empty', speed: 1000, authenticationDelaySeconds: 3 });
    try {
      const before = sim.clock.now();
      await new Promise<void>((resolve, reject) => {
        const outgoing = request(`${sim.url}/api2/json/version`, { ca: sim.caCertificate, agent: false }, (incoming) => {
          incoming.resume();
          incoming.on('end', resolve);
        });
        outgoing.on('error', reject);
        outgoing.end();
      });
      expect(sim.clock.now() - before).toBeGreaterThanOrEqual(3);
    } finally {
      await sim.close();
    }
  });
});
