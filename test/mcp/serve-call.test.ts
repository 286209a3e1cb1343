import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startProduct, type Product } from '../product.ts';

const BOTH = 'application/json, text/event-stream';

describe('a call of the 2025 protocols over HTTP', () => {
  let product: Product;
  beforeAll(async () => {
    product = await startProduct();
  });
  afterAll(() => product.close());

  const post = (params: unknown, headers: Readonly<Record<string, string>> = {}, method = 'tools/call') =>
    fetch(product.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: BOTH, 'mcp-protocol-version': '2025-11-25', ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', id: 7, method, params }),
    });
  const typeOf = (response: Response) => response.headers.get('content-type');

  test('is answered with one JSON body', async () => {
    const response = await post({ name: 'get_nodes', arguments: {} });
    expect([response.status, typeOf(response)]).toEqual([200, 'application/json']);
    expect(await response.json()).toMatchObject({
      jsonrpc: '2.0',
      id: 7,
      result: { structuredContent: { nodes: expect.any(Array) as unknown } },
    });
  });

  test('that waits for its job is a stream, which keeps the connection alive', async () => {
    product.sim.cluster.vm(105, { status: 'stopped' });
    const response = await post({ name: 'start_vm', arguments: { vmid: 105, wait_seconds: 30 } });
    expect(typeOf(response)).toBe('text/event-stream');
    expect(await response.text()).toMatch(/^event: message\ndata: \{.*"status":"completed"/m);
  });

  test('that asks for progress and waits is told of it before the answer', async () => {
    product.sim.cluster.vm(105, { status: 'stopped' });
    const response = await post({
      name: 'create_backup',
      arguments: { vmid: 105, storage: 'nfs-backup', wait_seconds: 30 },
      _meta: { progressToken: 'p' },
    });
    const text = await response.text();
    expect(text.indexOf('notifications/progress')).toBeGreaterThan(-1);
    expect(text.indexOf('notifications/progress')).toBeLessThan(text.indexOf('"id":7'));
  });

  test('is an error within an ordinary answer when the tool does not exist or the request makes no sense', async () => {
    for (const params of [{ name: 'no_such', arguments: {} }, { arguments: {} }, { name: 'get_nodes', arguments: [] }]) {
      const response = await post(params);
      expect(response.status).toBe(200);
      expect(await response.text()).toMatch(/"error":\{"code":-3260[23]/);
    }
  });

  test.each([
    ['accepts no stream', { accept: 'application/json' }, 406],
    ['names a revision that does not exist', { 'mcp-protocol-version': '1999-01-01' }, 400],
    ['sends no JSON', { 'content-type': 'text/plain' }, 415],
  ])('is refused when the client %s', async (_why, headers, status) => {
    expect((await post({ name: 'get_nodes', arguments: {} }, headers)).status).toBe(status);
  });
});
