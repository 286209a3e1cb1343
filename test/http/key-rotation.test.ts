import { afterEach, expect, test, vi } from 'vitest';
import { createTokenVerifier } from '../../src/http/access-token.ts';
import { startAuthorizationServer } from './authorization-server.ts';

const AUDIENCE = 'https://proxmox.example.org/mcp';
const MINUTE_MS = 60_000;

afterEach(() => vi.useRealTimers());

test('keys that the authorization server changes are found, withdrawn ones end, and nobody can make us ask again and again', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await using authority = await startAuthorizationServer();
  const verify = createTokenVerifier({ issuer: authority.issuer, audience: AUDIENCE, jwksUri: null, now: () => new Date() });
  const claims = { iss: authority.issuer, aud: AUDIENCE, sub: 'alice', scope: 'read', exp: Math.floor(Date.now() / 1000) + 7200 };
  const fetches = (): number => authority.requests.filter((path) => path === '/keys').length;

  const old = await authority.sign(claims);
  expect(await verify(old)).toMatchObject({ kind: 'known', identity: { id: 'oauth:alice' } });
  await authority.rotate();
  const fresh = await authority.sign(claims);
  for (let turn = 0; turn < 20; turn += 1) expect(await verify(fresh)).toMatchObject({ kind: 'invalid' });
  expect(fetches()).toBe(1);
  vi.setSystemTime(Date.now() + MINUTE_MS);
  expect(await verify(fresh)).toMatchObject({ kind: 'known' });
  expect(await verify(old)).toMatchObject({ kind: 'invalid' });
  expect(fetches()).toBe(2);
});

test('a key that was withdrawn without another in its place ends within ten minutes', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await using authority = await startAuthorizationServer();
  const verify = createTokenVerifier({
    issuer: authority.issuer,
    audience: AUDIENCE,
    jwksUri: `${authority.issuer}/keys`,
    now: () => new Date(),
  });
  const claims = { iss: authority.issuer, aud: AUDIENCE, sub: 'alice', exp: Math.floor(Date.now() / 1000) + 7200 };
  const token = await authority.sign(claims);
  expect(await verify(token)).toMatchObject({ kind: 'known' });
  await authority.rotate();
  vi.setSystemTime(Date.now() + 11 * MINUTE_MS);
  expect(await verify(token)).toMatchObject({ kind: 'invalid' });
});
