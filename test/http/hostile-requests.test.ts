import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sendRaw } from './raw-request.ts';
import { KEY, startService, type Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ listen: true });
});
afterAll(() => service.close());

const HOST = 'Host: localhost\r\n';
const KNOWN = `${HOST}Authorization: Bearer ${KEY}\r\n`;
const LAST = 'Connection: close\r\n';
const get = (target: string, more = '', version = '1.1'): string => `GET ${target} HTTP/${version}\r\n${KNOWN}${LAST}${more}\r\n`;
const post = (more: string, body: string): string => `POST /get_nodes HTTP/1.1\r\n${KNOWN}${LAST}${more}\r\n${body}`;

describe('what is no HTTP is told so', () => {
  test.each([
    ['another protocol', '\x16\x03\x01\x02\x00\x01\x00\xfc\r\n\r\n', 400],
    ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
    ['an unknown method', `FOO /jobs HTTP/1.1\r\n${KNOWN}\r\n`, 400],
    ['two lengths', post('Content-Length: 2\r\nContent-Length: 3\r\n', '{} '), 400],
    ['a length and chunks', post('Content-Length: 2\r\nTransfer-Encoding: chunked\r\n', '2\r\n{}\r\n0\r\n\r\n'), 400],
    ['a negative length', post('Content-Length: -1\r\n', '{}'), 400],
    ['a length past all numbers', post('Content-Length: 99999999999999999999\r\n', '{}'), 400],
    ['an encoding that is no end', post('Transfer-Encoding: gzip\r\n', '{}'), 400],
    ['a chunk without a length', post('Transfer-Encoding: chunked\r\n', 'zz\r\n{}\r\n0\r\n\r\n'), 400],
    ['a control character in a header', get('/jobs', 'X: a\x01b\r\n'), 400],
    ['a folded header', get('/jobs', 'X: a\r\n b\r\n'), 400],
    ['a space before the colon', get('/jobs', 'X : a\r\n'), 400],
    ['one header of 20 kB', get('/jobs', `X: ${'x'.repeat(20_000)}\r\n`), 431],
    ['2,500 headers', get('/jobs', 'a: b\r\n'.repeat(2500)), 431],
    ['a target of 20 kB', get(`/jobs?x=${'y'.repeat(20_000)}`), 431],
    ['a backslash in the target', get('/\\jobs'), 400],
    ['a target that is no path', `OPTIONS * HTTP/1.1\r\n${KNOWN}${LAST}\r\n`, 400],
    ['a Host that is none', `GET /jobs HTTP/1.1\r\nHost: a b/c?@\r\n${LAST}\r\n`, 400],
    ['a Host with a user', `GET /jobs HTTP/1.1\r\nHost: user@localhost\r\n${LAST}\r\n`, 400],
  ])('%s', async (_title, text, status) => {
    const { statuses, headers, body } = await sendRaw(service.url, text);
    expect(statuses).toEqual([status]);
    expect(headers).toMatchObject({ 'content-type': 'application/json', 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
    expect(JSON.parse(body)).toEqual({ detail: expect.any(String) });
  });

  test('HTTP/1.1 without a Host', async () => {
    expect((await sendRaw(service.url, `GET /jobs HTTP/1.1\r\n${LAST}\r\n`)).statuses).toEqual([400]);
  });
});

describe('what is HTTP is answered in its own way', () => {
  test.each([
    ['HTTP/1.0 without a Host, as old load balancers ask', 'GET /livez HTTP/1.0\r\n\r\n', [200]],
    ['HTTP/1.0', get('/jobs', '', '1.0'), [200]],
    ['an absolute target', get('http://localhost/jobs'), [200]],
    ['chunks', post('Transfer-Encoding: chunked\r\n', '2\r\n{}\r\n0\r\n\r\n'), [200]],
    ['a body that waits to be asked for', post('Expect: 100-continue\r\nContent-Length: 2\r\n', '{}'), [100, 200]],
    ['a wish that nobody knows', post('Expect: a-miracle\r\nContent-Length: 2\r\n', '{}'), [417]],
    [
      'requests that do not wait for answers',
      `GET /livez HTTP/1.1\r\n${HOST}\r\nGET /jobs HTTP/1.1\r\n${KNOWN}\r\n${get('/no')}`,
      [200, 200, 404],
    ],
    ['a wish for another protocol', get('/jobs', 'Upgrade: websocket\r\n'), [200]],
    ['two hosts', `GET /jobs HTTP/1.1\r\n${KNOWN}Host: evil.example.org\r\n${LAST}\r\n`, [421]],
    ['two credentials, one of them right', get('/jobs', 'Authorization: Bearer wrong\r\n'), [403]],
    ['TRACE', `TRACE /jobs HTTP/1.1\r\n${KNOWN}${LAST}\r\n`, [405]],
    ['OPTIONS without an origin', `OPTIONS /jobs HTTP/1.1\r\n${KNOWN}${LAST}\r\n`, [405]],
    ['HEAD of what can be read', `HEAD /jobs HTTP/1.1\r\n${KNOWN}${LAST}\r\n`, [200]],
    ['HEAD of what can be called', `HEAD /get_nodes HTTP/1.1\r\n${KNOWN}${LAST}\r\n`, [405]],
    ['a body where none is read', `GET /jobs HTTP/1.1\r\n${KNOWN}${LAST}Content-Length: 2\r\n\r\n{}`, [200]],
    ['a path spelt in codes', get('/%6aobs'), [404]],
    ['a slash in an id', get('/jobs/a%2Fb'), [404]],
    ['codes that are none', get('/jobs/%zz'), [404]],
    ['codes that are no text', get('/jobs/%ff%fe'), [404]],
    ['a zero byte', get('/jobs/%00'), [404]],
    ['a way up', get('/docs/%2e%2e%2fpackage.json'), [404]],
    ['two slashes', get('//jobs'), [404]],
  ])('%s', async (_title, text, statuses) => {
    expect((await sendRaw(service.url, text)).statuses).toEqual(statuses);
  });

  test.each(['/livez/../jobs', '/livez/%2e%2e/jobs', '/.well-known/oauth-protected-resource/../../jobs'])(
    'no way around leads past the key: %s',
    async (target) => {
      const { statuses } = await sendRaw(service.url, `GET ${target} HTTP/1.1\r\n${HOST}${LAST}\r\n`);
      expect(statuses).toEqual([401]);
    },
  );
});

test('garbage behind a request is not taken for its answer, which would say that nothing was done', async () => {
  const { statuses } = await sendRaw(service.url, `POST /get_nodes HTTP/1.1\r\n${KNOWN}Content-Length: 2\r\n\r\n{}GARBAGE\r\n\r\n`);
  expect(statuses).not.toContain(400);
});

describe('bodies', () => {
  const send = (body: string, type = 'application/json'): Promise<Response> =>
    service.ask('/start_vm', { method: 'POST', headers: { 'content-type': type }, body });

  test.each([
    ['lists in lists, 100,000 deep', '['.repeat(100_000), 'json_too_deep'],
    ['objects in objects, 20,000 deep', `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`, 'json_too_deep'],
    ['a name twice', '{"vmid":101,"vmid":102}', 'json_ambiguous'],
    ['a name twice, once in codes', '{"vmid":101,"\\u0076mid":102}', 'json_ambiguous'],
    ['a name twice further in', '{"vmid":101,"x":[{"a":1,"b":{"a":2},"a":3}]}', 'json_ambiguous'],
    ['a name that means something else to JavaScript', '{"vmid":101,"__proto__":{"force":true}}', 'json_ambiguous'],
    ['that name in codes', '{"vmid":101,"__pr\\u006fto__":{}}', 'json_ambiguous'],
    ['no JSON', '{"vmid":NaN}', 'json_invalid'],
    ['XML', '<vmid>101</vmid>', 'json_invalid'],
    ['a form', '--x\r\nContent-Disposition: form-data; name="vmid"\r\n\r\n101\r\n--x--', 'json_invalid'],
    ['a text that never ends', '{"vmid":"101', 'json_invalid'],
    ['a list', '[{"vmid":101}]', 'value_error'],
    ['a number past all numbers', '{"vmid":1e400}', 'value_error'],
    ['half a character', '{"vmid":"\\ud800"}', 'value_error'],
  ])('with %s are refused, and nothing is done', async (_title, body, type) => {
    service.sim.requests.clear();
    const response = await send(body);
    expect(response.status).toBe(422);
    expect(await response.json()).toMatchObject({ code: 'invalid_input', effect: 'none', detail: [{ type }] });
    expect(service.sim.requests.count('POST /**')).toBe(0);
  });

  test.each(['{"vmid":103,"x":["vmid","vmid"],"y":"vmid\\":{\\"vmid","z":{"vmid":1}}', '{"vmid":103,"a":{"b":1},"c":{"b":2},"":1}'])(
    'in which no name stands twice in one object are read: %s',
    async (body) => {
      expect((await send(body)).status).toBeLessThan(300);
    },
  );

  test.each(['text/xml', 'application/x-www-form-urlencoded', 'application/json; charset=utf-16', ''])(
    'are read as JSON whatever they are called: %j',
    async (type) => {
      expect((await send('{"vmid":103}', type)).status).toBeLessThan(300);
    },
  );
});

test('after all that the service is what it was, and none of it was a failure of its own', async () => {
  expect((await service.ask('/livez')).status).toBe(200);
  expect(await (await service.ask('/metrics')).text()).not.toMatch(/^proxmox_mcp_http_requests_total\{.*status="5/m);
});
