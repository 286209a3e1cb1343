import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SCOPES, type Scope } from '../../src/domain/principal.ts';
import { registerCatalog } from '../../src/dispatch/registered-operation.ts';
import { hashKey } from '../../src/http/keyring.ts';
import { possibleRisks } from '../../src/operations/risk-of-call.ts';
import { offeredCatalog } from '../../src/operations/catalog.ts';
import { startAuthorizationServer, type AuthorizationServer } from './authorization-server.ts';
import { KEY, startService, type Service } from './service.ts';

const AUDIENCE = 'https://proxmox.example.org/mcp';
const RESOURCE_METADATA = 'resource_metadata="https://proxmox.example.org/.well-known/oauth-protected-resource/mcp"';

/** The scope that each route needs, written down once more: the code derives it. */
const SCOPE_OF_RISK = { read: 'read', change: 'operate', disrupt: 'operate', destroy: 'destroy', execute: 'execute' } as const;
interface Route {
  readonly method: string;
  readonly path: string;
  readonly needs: Scope | 'nothing' | 'any';
  /** Scopes that let in as well, because other arguments need them. */
  readonly also?: readonly Scope[];
  /** Status once the caller is let in. */
  readonly inside: number;
}
const operations = registerCatalog(offeredCatalog({ ssh: false }));
const ROUTES: readonly Route[] = [
  { method: 'GET', path: '/livez', needs: 'nothing', inside: 200 },
  ...['/', '/readyz', '/health', '/openapi.json'].map((path): Route => ({ method: 'GET', path, needs: 'any', inside: 200 })),
  ...['/metrics', '/jobs', '/events'].map((path): Route => ({ method: 'GET', path, needs: 'read', inside: 200 })),
  ...['/jobs/x', '/jobs/x/events'].map((path): Route => ({ method: 'GET', path, needs: 'read', inside: 404 })),
  { method: 'POST', path: '/jobs/x/poll', needs: 'read', inside: 404 },
  { method: 'POST', path: '/jobs/x/cancel', needs: 'operate', inside: 404 },
  { method: 'POST', path: '/jobs/x/retry', needs: 'operate', inside: 422 },
  { method: 'POST', path: '/jobs/x/decision', needs: 'approve', inside: 404 },
  { method: 'GET', path: '/nosuch', needs: 'any', inside: 404 },
  { method: 'GET', path: '/get_nodes', needs: 'any', inside: 405 },
  // A body that is no object is refused after everything that is looked at here, and before anything is done.
  ...operations.map(({ operation }): Route => ({
    method: 'POST',
    path: `/${operation.name}`,
    needs: operation.name === 'resolve_job' ? 'approve' : SCOPE_OF_RISK[possibleRisks(operation)[0] ?? operation.risk],
    also: operation.name === 'resolve_job' ? [] : possibleRisks(operation).map((risk) => SCOPE_OF_RISK[risk]),
    inside: 422,
  })),
];

const keyOf = (scope: string): string => `key-with-scope-${scope}`;
const EXPIRED = 'key-that-has-expired';

let service: Service;
let authority: AuthorizationServer;
beforeAll(async () => {
  authority = await startAuthorizationServer();
  service = await startService({
    config: {
      http: { trusted_proxies: ['127.0.0.1'] },
      keys: [
        ...SCOPES.map((scope) => ({ name: scope, hash: hashKey(keyOf(scope)), scopes: [scope] })),
        { name: 'old', hash: hashKey(EXPIRED), scopes: ['admin'], expires: '2020-01-01' },
      ],
      oauth: { issuer: authority.issuer, audience: AUDIENCE },
    },
  });
});
afterAll(async () => {
  await service.close();
  await authority[Symbol.asyncDispose]();
});

let knocks = 0;

/** Each time from another address: refused credentials are counted for each of them. */
async function knock(
  { method, path }: Route,
  authorization: string | null,
): Promise<{ status: number; challenge: string | null; body: Record<string, unknown> }> {
  knocks += 1;
  const response = await service.ask(path, {
    key: null,
    method,
    headers: { ...(authorization === null ? {} : { authorization }), 'x-forwarded-for': `198.18.${knocks >> 8}.${knocks & 255}` },
    ...(method === 'POST' ? { body: '[]' } : {}),
  });
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  const body = isJson ? ((await response.json()) as Record<string, unknown>) : {};
  if (!isJson) await response.body?.cancel();
  return { status: response.status, challenge: response.headers.get('www-authenticate'), body };
}

const inAnHour = (): number => Math.floor(Date.now() / 1000) + 3600;
const claims = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  iss: authority.issuer,
  aud: AUDIENCE,
  sub: 'alice',
  scope: 'openid read',
  exp: inAnHour(),
  ...more,
});

interface Refused {
  readonly credential: string;
  readonly header: () => string | null | Promise<string>;
  readonly status: 401 | 403;
  readonly detail: string;
  readonly challenge: string | null;
}
const plain = `Bearer ${RESOURCE_METADATA}`;
const invalid = (reason: string): string => `Bearer error="invalid_token", error_description="${reason}", ${RESOURCE_METADATA}`;
const insufficient = (scope: string): string => `Bearer error="insufficient_scope", scope="${scope}", ${RESOURCE_METADATA}`;
const REFUSED: readonly Refused[] = [
  { credential: 'no credential', header: () => null, status: 401, detail: 'Missing or invalid Authorization header', challenge: plain },
  {
    credential: 'a header without a value',
    header: () => 'Bearer',
    status: 401,
    detail: 'Missing or invalid Authorization header',
    challenge: plain,
  },
  { credential: 'an unknown scheme', header: () => 'Digest x', status: 401, detail: 'Unsupported authorization method', challenge: plain },
  {
    credential: 'garbage as Basic',
    header: () => 'Basic %%%',
    status: 401,
    detail: 'Invalid Basic Authentication format',
    challenge: plain,
  },
  {
    credential: 'Basic without a colon',
    header: () => `Basic ${btoa(KEY)}`,
    status: 401,
    detail: 'Invalid Basic Authentication format',
    challenge: plain,
  },
  { credential: 'a wrong key', header: () => 'Bearer wrong', status: 403, detail: 'Invalid API key', challenge: null },
  {
    credential: 'a wrong key as password',
    header: () => `Basic ${btoa('user:wrong')}`,
    status: 403,
    detail: 'Invalid credentials',
    challenge: null,
  },
  {
    credential: 'the hash of a key',
    header: () => `Bearer ${hashKey(keyOf('admin'))}`,
    status: 403,
    detail: 'Invalid API key',
    challenge: null,
  },
  { credential: 'an expired key', header: () => `Bearer ${EXPIRED}`, status: 403, detail: 'The API key has expired', challenge: null },
  {
    credential: 'an expired token',
    header: async () => `Bearer ${await authority.sign(claims({ exp: 1_600_000_000 }))}`,
    status: 401,
    detail: 'The access token has expired',
    challenge: invalid('The access token has expired'),
  },
  {
    credential: 'a token for another audience',
    header: async () => `Bearer ${await authority.sign(claims({ aud: 'https://elsewhere.example.org' }))}`,
    status: 401,
    detail: 'The access token is meant for another audience',
    challenge: invalid('The access token is meant for another audience'),
  },
  {
    credential: 'a token of another issuer',
    header: async () => `Bearer ${await authority.sign(claims({ iss: 'https://elsewhere.example.org' }))}`,
    status: 401,
    detail: 'The access token is from another issuer',
    challenge: invalid('The access token is from another issuer'),
  },
  {
    credential: 'a token that never expires',
    header: async () => `Bearer ${await authority.sign(claims({ exp: undefined }))}`,
    status: 401,
    detail: 'The access token has no acceptable exp',
    challenge: invalid('The access token has no acceptable exp'),
  },
  {
    credential: 'a forged token',
    header: async () => `Bearer ${await authority.forge(claims())}`,
    status: 401,
    detail: 'The access token is not valid',
    challenge: invalid('The access token is not valid'),
  },
  {
    credential: 'an unsigned token',
    header: () =>
      `Bearer ${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims())).toString('base64url')}.x`,
    status: 401,
    detail: 'The access token is not valid',
    challenge: invalid('The access token is not valid'),
  },
];

describe.each(ROUTES.map((route) => [`${route.method} ${route.path}`, route] as const))('%s', (_title, route) => {
  test.each(REFUSED.map((row) => [row.credential, row] as const))(
    'turns away %s',
    async (_credential, { header, status, detail, challenge }) => {
      const answer = await knock(route, await header());
      if (route.needs === 'nothing') return expect(answer.status).toBe(200);
      expect(answer).toEqual({ status, challenge, body: { detail } });
    },
  );

  test.each(SCOPES)('lets a key with the scope %s as far as it reaches', async (scope) => {
    const { status, challenge, body } = await knock(route, `Bearer ${keyOf(scope)}`);
    const reaches =
      route.needs === 'nothing' ||
      route.needs === 'any' ||
      route.needs === scope ||
      route.also?.includes(scope) === true ||
      scope === 'admin';
    expect([status, challenge]).toEqual([reaches ? route.inside : 403, null]);
    if (!reaches) expect(body).toMatchObject({ code: 'denied', effect: 'none', details: { needed_scope: route.needs } });
  });

  test('lets the full key in, as bearer and as password', async () => {
    expect((await knock(route, `Bearer ${KEY}`)).status).toBe(route.inside);
    expect((await knock(route, `bearer ${KEY}`)).status).toBe(route.inside);
    expect((await knock(route, `Basic ${btoa(`anybody:${KEY}`)}`)).status).toBe(route.inside);
  });

  test('lets a token in as far as its scopes reach, and says which to ask for beyond', async () => {
    const { status, challenge } = await knock(route, `Bearer ${await authority.sign(claims({ scope: 'openid proxmox:read' }))}`);
    const reaches = ['nothing', 'any', 'read'].includes(route.needs);
    expect([status, challenge]).toEqual(reaches ? [route.inside, null] : [403, insufficient(`read ${route.needs}`)]);
  });

  test('says of a token without any scope which one it lacks', async () => {
    const { status, challenge } = await knock(route, `Bearer ${await authority.sign(claims({ scope: 'openid' }))}`);
    const reaches = route.needs === 'nothing' || route.needs === 'any';
    expect([status, challenge]).toEqual(reaches ? [route.inside, null] : [403, insufficient(route.needs)]);
  });
});

test('the keys of the authorization server are fetched once, not with every token', () => {
  expect(authority.requests.filter((path) => path === '/keys')).toHaveLength(1);
});

test('whoever keeps guessing is not even compared with any more', async () => {
  await using other = await startService();
  for (let guess = 0; guess < 120; guess += 1) expect((await other.ask('/jobs', { key: `guess-${guess}` })).status).toBe(403);
  const response = await other.ask('/jobs', { key: 'guess-120' });
  expect(response.status).toBe(429);
  expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
});

test('without any key the service refuses to start, unless the operator says that it is meant', async () => {
  await expect(startService({ key: false })).rejects.toThrow(/PROXMOX_API_KEY.*PROXMOX_ALLOW_NO_AUTH/s);
  await using open = await startService({ key: false, config: { http: { allow_no_auth: true } } });
  expect((await open.ask('/jobs', { key: null })).status).toBe(200);
  // An approval needs somebody who can be named.
  expect((await open.ask('/jobs/x/decision', { key: null, method: 'POST', body: '{"approve":true}' })).status).toBe(403);
});

test('metadata of the resource is public where there is an authorization server, and absent elsewhere', async () => {
  const response = await service.ask('/.well-known/oauth-protected-resource/mcp', { key: null });
  expect(await response.json()).toMatchObject({ resource: AUDIENCE, authorization_servers: [authority.issuer] });
  await using other = await startService();
  expect((await other.ask('/.well-known/oauth-protected-resource')).status).toBe(404);
});
