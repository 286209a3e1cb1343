import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hashKey } from '../../src/http/keyring.ts';
import { startAuthorizationServer, type AuthorizationServer } from './authorization-server.ts';
import { startService, type Service } from './service.ts';

const AUDIENCE = 'https://proxmox.example.org/mcp';
const READER = 'key-that-may-only-read';

let authority: AuthorizationServer;
beforeAll(async () => {
  authority = await startAuthorizationServer();
});
afterAll(() => authority[Symbol.asyncDispose]());

describe.each(['same-port', 'own-port'] as const)('MCP on %s', (mcp) => {
  let service: Service;
  beforeAll(async () => {
    service = await startService({
      doors: { rest: mcp === 'same-port', mcp },
      config: {
        keys: [{ name: 'reader', hash: hashKey(READER), scopes: ['read'] }],
        oauth: { issuer: authority.issuer, audience: AUDIENCE },
      },
    });
  });
  afterAll(() => service.close());

  /** As a client over the wire sends it, which says how long its message is. */
  async function post(credential: string, body: string): Promise<Response> {
    return service.ask('/mcp', {
      method: 'POST',
      headers: {
        authorization: `Bearer ${credential}`,
        'content-type': 'application/json',
        'content-length': String(body.length),
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2025-11-25',
      },
      body,
    });
  }
  const call = (credential: string, name: string, args: object): Promise<Response> =>
    post(credential, JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } }));
  const token = (scope: string): Promise<string> =>
    authority.sign({ iss: authority.issuer, aud: AUDIENCE, sub: 'alice', scope, exp: Math.floor(Date.now() / 1000) + 3600 });

  test.each([
    ['start_vm', { vmid: 103 }],
    ['call_operation', { operation: 'start_vm', arguments: { vmid: 103 } }],
  ])('a token that may only read is told what %s needs, so that its client can ask for more', async (name, args) => {
    const response = await call(await token('read'), name, args);
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toBe(
      'Bearer error="insufficient_scope", scope="read operate", resource_metadata="https://proxmox.example.org/.well-known/oauth-protected-resource/mcp"',
    );
    expect(await response.json()).toMatchObject({ code: 'denied', effect: 'none', details: { needed_scope: 'operate' } });
    expect((await service.audit()).at(-1)).toMatchObject({
      event: 'decision',
      principal: 'oauth:alice',
      operation: 'start_vm',
      facts: { effect: 'deny', code: 'OP_POLICY_SCOPE' },
    });
  });

  test('it is served as far as it reaches', async () => {
    const response = await call(await token('read'), 'get_nodes', {});
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([200, null]);
    expect(await response.text()).toContain('pve1');
  });

  test('a key cannot be widened by asking, so its client is told by the tool', async () => {
    const response = await call(READER, 'start_vm', { vmid: 103 });
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([200, null]);
    await response.body?.cancel();
  });

  test.each(['null', '[]', '{"method":"tools/call"}', '{"method":"tools/call","params":{"name":"call_operation","arguments":[]}}', '7'])(
    'a message that calls nothing is left to the protocol: %s',
    async (body) => {
      const response = await post(await token('read'), body);
      expect(response.status).toBeLessThan(500);
      expect(response.headers.get('www-authenticate')).toBeNull();
      await response.body?.cancel();
    },
  );
});
