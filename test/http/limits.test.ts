import type { IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { createClientAddress } from '../../src/http/client-address.ts';
import { createRateLimiter } from '../../src/http/rate-limiter.ts';
import { hashKey } from '../../src/http/keyring.ts';
import { listen } from '../../src/http/listen.ts';
import type { HttpEnv } from '../../src/http/request-context.ts';
import { KEY, startService } from './service.ts';

test('more requests than allowed in a minute are refused as before, and let in again as time passes', async () => {
  let now = 0;
  const httpClock = { now: () => new Date(0), monotonic: () => now, sleep: async () => undefined };
  await using service = await startService({ config: { http: { rate_limit_rpm: 6 } }, httpClock });
  for (let turn = 0; turn < 6; turn += 1) expect((await service.ask('/')).status).toBe(200);
  const refused = await service.ask('/');
  expect(refused.status).toBe(429);
  expect(await refused.json()).toEqual({ status: 'rate_limited', message: 'Too many requests', limit_per_minute: 6 });
  expect(refused.headers.get('retry-after')).toBe('10');
  expect((await service.ask('/livez')).status).toBe(200);
  now += 10_000;
  expect((await service.ask('/')).status).toBe(200);
});

test('a principal is limited over all its addresses, and an address over all its principals', async () => {
  const httpClock = { now: () => new Date(0), monotonic: () => 0, sleep: async () => undefined };
  await using service = await startService({
    config: {
      http: { rate_limit_rpm: 3, trusted_proxies: ['127.0.0.0/8'] },
      keys: [{ name: 'n8n', hash: hashKey('key-of-n8n'), scopes: ['read'] }],
    },
    httpClock,
  });
  const from = async (address: string, key = KEY): Promise<number> =>
    (await service.ask('/', { key, headers: { 'x-forwarded-for': address } })).status;
  expect([await from('192.0.2.1'), await from('192.0.2.2'), await from('192.0.2.3'), await from('192.0.2.4')]).toEqual([
    200, 200, 200, 429,
  ]);
  expect([await from('192.0.2.9', 'key-of-n8n'), await from('192.0.2.9', 'key-of-n8n'), await from('192.0.2.9', 'key-of-n8n')]).toEqual([
    200, 200, 200,
  ]);
  expect(await from('192.0.2.9')).toBe(429);
});

test('callers are remembered up to a bound, however many come', () => {
  const limiter = createRateLimiter({ perMinute: 10, maxCallers: 100, now: () => 0 });
  for (let caller = 0; caller < 10_000; caller += 1) limiter.take(`caller-${caller}`);
  expect(limiter.size).toBe(100);
});

test('only trusted proxies are believed about where a request comes from', () => {
  const address = createClientAddress(['10.0.0.0/8', '2001:db8::1']);
  expect(address.of('198.51.100.1', '192.0.2.7')).toBe('198.51.100.1');
  expect(address.of('10.1.2.3', '192.0.2.7')).toBe('192.0.2.7');
  expect(address.of('::ffff:10.1.2.3', '203.0.113.1, 192.0.2.7, 10.9.9.9')).toBe('192.0.2.7');
  expect(address.of('10.1.2.3', 'forged, 10.9.9.9')).toBe('10.9.9.9');
  expect(address.of('10.1.2.3', undefined)).toBe('10.1.2.3');
  expect(address.of('2001:db8::1', '2001:db8:1:2:aaaa::1')).toBe('2001:db8:1:2::/64');
  expect(address.of('fe80::1%eth0', undefined)).toBe('fe80:0:0:0::/64');
  expect(() => createClientAddress(['proxy.example.org'])).toThrow(/neither an address nor a network/);
});

test('bodies and headers that are too large are refused', async () => {
  await using service = await startService({ listen: true });
  const large = await service.ask('/get_nodes', { method: 'POST', body: JSON.stringify({ padding: 'x'.repeat(1024 * 1024) }) });
  expect(large.status).toBe(413);
  const endless = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new Uint8Array(65_536).fill(0x20)),
  });
  const chunked = await service.ask('/get_nodes', { method: 'POST', body: endless, duplex: 'half' }).catch((error: unknown) => error);
  if (chunked instanceof Response) expect(chunked.status).toBe(413);
  const headers = await service.ask('/get_nodes', { method: 'POST', headers: { 'x-long': 'y'.repeat(20_000) } });
  expect(headers.status).toBe(431);
  expect((await service.ask('/livez')).status).toBe(200);
});

test.each(['/mcp', '/get_nodes'])('a connection on which a body was too large can be used again: %s', async (path) => {
  await using service = await startService({ listen: true, doors: { rest: true, mcp: 'same-port' } });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const large = await service.ask(path, { method: 'POST', headers, body: 'x'.repeat(1_100_000) });
  expect([large.status, await large.json()]).toEqual([413, { detail: 'The body is larger than 1048576 bytes' }]);
  for (let turn = 0; turn < 5; turn += 1) expect(await (await service.ask('/livez')).json()).toEqual({ status: 'ok' });
});

test.each(['evil.example.org', 'localhost.evil.example.org:8811', '', 'a b'])(
  'a Host that a stranger could point here is refused where no key keeps strangers out: %j',
  async (host) => {
    await using service = await startService({ key: false, config: { http: { allow_no_auth: true } } });
    const response = await service.ask('/jobs', { key: null, headers: { host } });
    expect(response.status).toBe(421);
  },
);

test.each(['127.0.0.1:8811', 'localhost', '[::1]:8811', '10.0.0.7:8811', 'proxmox-mcp:8811', 'named.example.org'])(
  '%s is accepted as Host',
  async (host) => {
    await using service = await startService({ config: { http: { allowed_hosts: ['named.example.org'] } } });
    expect((await service.ask('/jobs', { headers: { host } })).status).toBe(200);
  },
);

test('pages of other origins are refused, also with a key, and answers can be read by named pages only', async () => {
  await using service = await startService({ config: { http: { cors_allow_origins: ['https://dash.example.org'] } } });
  for (const origin of ['https://evil.example.org', 'null', 'file://']) {
    const response = await service.ask('/jobs', { headers: { origin } });
    expect(response.status).toBe(403);
    expect(response.headers.has('access-control-allow-origin')).toBe(false);
  }
  const allowed = await service.ask('/jobs', { headers: { origin: 'https://dash.example.org' } });
  expect(allowed.status).toBe(200);
  expect(allowed.headers.get('access-control-allow-origin')).toBe('https://dash.example.org');
  expect(allowed.headers.get('vary')).toContain('Origin');
  const refused = await service.ask('/jobs', { key: null, headers: { origin: 'https://dash.example.org' } });
  expect([refused.status, refused.headers.get('access-control-allow-origin')]).toEqual([401, 'https://dash.example.org']);
  const preflight = await service.ask('/get_nodes', {
    key: null,
    method: 'OPTIONS',
    headers: {
      origin: 'https://dash.example.org',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
  expect((await service.ask('/jobs', { headers: { origin: 'http://localhost' } })).status).toBe(200);
});

test('with every origin allowed no credentials of the browser are', async () => {
  await using service = await startService({ config: { http: { cors_allow_origins: ['*'] } } });
  const response = await service.ask('/jobs', { headers: { origin: 'https://any.example.org' } });
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  expect(response.headers.has('access-control-allow-credentials')).toBe(false);
});

test.each([
  ['in the process', false],
  ['over the wire', true],
])('every answer forbids sniffing, framing, storing and loading: %s', async (_title, listen) => {
  await using service = await startService({ listen });
  for (const path of ['/', '/nosuch', '/jobs', '/livez']) {
    const { headers } = await service.ask(path);
    expect(Object.fromEntries(headers)).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-request-id': expect.stringMatching(/^[\w-]{36}$/),
    });
  }
  const page = await service.ask('/docs', { headers: { 'x-request-id': 'mine' } });
  expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
  expect(page.headers.get('x-request-id')).toBe('mine');
  await page.body?.cancel();
});

test('below a prefix and behind a proxy that takes one off, links lead where clients get', async () => {
  await using service = await startService({ config: { http: { path_prefix: '/proxmox/', root_path: '/tools' } } });
  expect((await service.ask('/proxmox/jobs')).status).toBe(200);
  expect((await service.ask('/tools/proxmox/jobs')).status).toBe(200);
  expect((await service.ask('/livez')).status).toBe(200);
  const index = (await (await service.ask('/proxmox')).json()) as Record<string, unknown>;
  expect(index).toMatchObject({ jobs: '/tools/proxmox/jobs', openapi: '/tools/proxmox/openapi.json' });
  const document = (await (await service.ask('/proxmox/openapi.json')).json()) as Record<string, unknown>;
  expect(document['servers']).toEqual([{ url: '/tools/proxmox' }]);
  const job = await service.post('/proxmox/create_backup', { vmid: 100, storage: 'nfs-backup' });
  expect(job.headers.get('location')).toMatch(/^\/tools\/proxmox\/jobs\//);
  expect((await service.ask(job.headers.get('location') ?? '')).status).toBe(200);
});

test('a client that is slow with its headers is cut off', async () => {
  const listener = await listen(new Hono<HttpEnv>(), { host: '127.0.0.1', port: 0, headersTimeoutMs: 100 });
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
  socket.write('GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Slow: ');
  const answer = await new Promise<string>((resolve) => {
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', () => resolve(text));
  });
  await listener.close();
  expect(answer).toMatch(/^(?:$|HTTP\/1\.1 408)/);
});

test('a client that takes nothing of its answer is cut off, and one that waits for its answer is not', async () => {
  const app = new Hono<HttpEnv>();
  const cutOff = Promise.withResolvers<void>();
  const late = Promise.withResolvers<Response>();
  app.get('/late', () => late.promise);
  app.get('/large', ({ env }) => {
    (env as { incoming: IncomingMessage }).incoming.socket.once('close', () => cutOff.resolve());
    return new Response('x'.repeat(32 * 1024 * 1024));
  });
  const listener = await listen(app, { host: '127.0.0.1', port: 0, stalledMs: 50 });
  const waiting = fetch(`${listener.url}/late`);
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await cutOff.promise;
  late.resolve(new Response('here'));
  expect(await (await waiting).text()).toBe('here');
  socket.destroy();
  await listener.close();
});

test.each([
  ['without UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}, 'The body is not UTF-8.'],
  ['compressed', gzipSync('{}'), { 'content-encoding': 'gzip' }, 'The body is encoded as "gzip".'],
])('a body %s is refused, and why is said', async (_title, body, headers, message) => {
  await using service = await startService();
  const refused = await service.ask('/get_nodes', { method: 'POST', body, headers });
  expect(refused.status).toBe(422);
  expect(await refused.json()).toMatchObject({ message, code: 'invalid_input', effect: 'none' });
});

test('a client that hangs up in the middle of its body is no failure of the server', async () => {
  await using service = await startService({ listen: true });
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`POST /get_nodes HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${KEY}\r\nContent-Length: 100\r\n\r\n{`);
  await new Promise((resolve) => socket.once('connect', resolve));
  socket.destroy();
  const scrape = async (): Promise<string> => (await service.ask('/metrics')).text();
  await expect.poll(scrape).toContain('proxmox_mcp_http_requests_total{route="/get_nodes",method="POST",status="400"} 1');
});

test('a byte order mark in front of a body is passed over', async () => {
  await using service = await startService();
  expect((await service.ask('/get_nodes', { method: 'POST', body: '\ufeff{}' })).status).toBe(200);
});

test('one address holds so many connections and no more, gets its places back, and a proxy has no bound', async () => {
  const app = new Hono<HttpEnv>();
  app.get('/', () => new Response('here'));
  const refused: string[] = [];
  const cap = (trusted: readonly string[]) => ({
    most: 2,
    clientAddress: createClientAddress(trusted),
    onRefused: (address: string) => refused.push(address),
  });
  const knock = async (url: string): Promise<{ readonly isOpen: boolean; readonly leave: () => Promise<void> }> => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
    const isOpen = await new Promise<boolean>((resolve) => {
      socket.once('data', () => resolve(true));
      socket.once('close', () => resolve(false));
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    });
    return { isOpen, leave: () => (socket.destroy(), gone) };
  };
  const open = await listen(app, { host: '127.0.0.1', port: 0, connectionCap: cap([]) });
  const [first, second, third, fourth] = [await knock(open.url), await knock(open.url), await knock(open.url), await knock(open.url)];
  expect([first.isOpen, second.isOpen, third.isOpen, fourth.isOpen]).toEqual([true, true, false, false]);
  // Once, not for each: a log is no place for a flood.
  expect(refused).toEqual(['127.0.0.1']);
  await first.leave();
  await expect.poll(async () => (await knock(open.url)).isOpen).toBe(true);
  await open.close(0);

  const behindProxy = await listen(app, { host: '127.0.0.1', port: 0, connectionCap: cap(['127.0.0.0/8']) });
  const many = await Promise.all(Array.from({ length: 5 }, () => knock(behindProxy.url)));
  expect(many.map(({ isOpen }) => isOpen)).toEqual([true, true, true, true, true]);
  await behindProxy.close(0);
});

test('this machine and the proxies that are trusted are not bound by the cap of an address', async () => {
  await using service = await startService({ listen: true, config: { http: { max_connections_per_address: 1 } } });
  const answers = await Promise.all(Array.from({ length: 8 }, () => service.ask('/livez')));
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
});
