import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { loadConfig } from '../../src/app/load-config.ts';
import { createKeyring, hashKey, newKey } from '../../src/http/keyring.ts';
import { startService } from './service.ts';

const folder = mkdtempSync(join(tmpdir(), 'proxmox-http-config-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BASE = {
  proxmox: { host: 'pve1.example.org' },
  auth: { user: 'mcp@pve', token_name: 'agent', token_value: 'secret-of-proxmox' },
};
function load(more: object, environment: Record<string, string> = {}): ReturnType<typeof loadConfig> {
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify({ ...BASE, ...more }), { mode: 0o600 });
  return loadConfig({ PROXMOX_MCP_CONFIG: path, ...environment });
}

test('the variables of the predecessor count beside a config file', () => {
  const { config, warnings } = load(
    {},
    {
      API_HOST: '0.0.0.0',
      API_PORT: '9000',
      PROXMOX_API_KEY: 'short',
      PROXMOX_RATE_LIMIT_RPM: '120',
      PROXMOX_STRICT_AUTH: 'true',
      MCPO_CORS_ALLOW_ORIGINS: 'https://a.example.org,https://b.example.org',
      MCPO_PATH_PREFIX: '/',
      MCPO_ROOT_PATH: '/api/',
    },
  );
  expect(config.http).toMatchObject({
    host: '0.0.0.0',
    port: 9000,
    api_key: 'short',
    rate_limit_rpm: 120,
    cors_allow_origins: ['https://a.example.org', 'https://b.example.org'],
    path_prefix: '',
    root_path: '/api',
  });
  expect(warnings).toEqual([]);
});

test('named keys and webhooks are lists in the config file', () => {
  const { config, warnings } = load({
    keys: [{ name: 'n8n', hash: hashKey('x'), scopes: ['read', 'operate'], expires: '2027-01-31' }],
    webhooks: [{ url: 'https://hooks.example.org/pve', secret: 'sixteen-or-more-characters' }],
  });
  expect(config.keys[0]).toMatchObject({ name: 'n8n', scopes: ['read', 'operate'] });
  expect(config.webhooks[0]?.events).toEqual(['job.ended', 'approval.wanted']);
  expect(warnings).toEqual([]);
});

test.each([
  ['a key instead of its hash', { keys: [{ name: 'n8n', hash: 'the-key-itself', scopes: ['read'] }] }, 'the-key-itself'],
  ['an unknown scope', { keys: [{ name: 'n8n', hash: hashKey('x'), scopes: ['everything'] }] }, hashKey('x')],
  [
    'a webhook without encryption',
    { webhooks: [{ url: 'http://hooks.example.org', secret: 'sixteen-or-more-characters' }] },
    'sixteen-or-more-characters',
  ],
])('%s is refused, and the message shows no secret', (_name, more, secret) => {
  let message = '';
  try {
    load(more);
  } catch (error) {
    message = (error as Error).message;
  }
  expect(message).toMatch(/keys\.0|webhooks\.0/);
  expect(message).not.toContain(secret);
});

test.each([
  ['https://hooks.example.org/pve', true, true],
  ['http://localhost:5678/hook', true, true],
  ['http://127.0.0.1/hook', true, true],
  ['http://10.1.2.3/hook', false, true],
  ['http://[fd00::7]:8080/hook', false, true],
  ['http://n8n:5678/hook', false, true],
  ['http://n8n.home.arpa/hook', false, true],
  ['http://hooks.example.org', false, false],
  ['http://8.8.8.8/hook', false, false],
  ['http://169.254.169.254/latest', false, false],
  ['http://0x0a010203/hook', false, true],
  ['https://user:pass@hooks.example.org/', false, false],
  ['ftp://hooks.example.org/', false, false],
  ['nonsense', false, false],
])('a webhook at %s: as it is %j, and where http is said to be meant %j', (url, asItIs, allowed) => {
  const accepts = (more: object): boolean => {
    try {
      return load({ webhooks: [{ url, secret: 'sixteen-or-more-characters', ...more }] }).config.webhooks.length === 1;
    } catch {
      return false;
    }
  };
  expect([accepts({}), accepts({ allow_http: true })]).toEqual([asItIs, allowed]);
});

test.each([
  [{ issuer: 'http://login.example.org', audience: 'x' }],
  [{ issuer: 'https://login.example.org', audience: 'x', jwks_uri: 'http://login.example.org/keys' }],
])('keys of tokens that anybody could change on their way are refused: %j', (oauth) => {
  expect(() => load({ oauth })).toThrow(/must be https/);
});

test('an issuer without an audience is refused: any of its tokens would open the server', async () => {
  await expect(startService({ config: { oauth: { issuer: 'https://login.example.org' } } })).rejects.toThrow(/belong together/);
});

test('a proxy that is no address is refused at the start', async () => {
  await expect(startService({ config: { http: { trusted_proxies: ['proxy.example.org'] } } })).rejects.toThrow(
    /trusted proxy "proxy.example.org"/,
  );
});

test('a key that can be guessed is warned of', async () => {
  await using service = await startService({ config: { http: { api_key: 'secret' } } });
  const health = (await (await service.ask('/health', { key: 'secret' })).json()) as { security_warnings: readonly string[] };
  expect(health.security_warnings).toEqual(['PROXMOX_API_KEY has 6 characters and can be guessed: openssl rand -base64 32']);
});

test('a new key is long, and known by its hash alone', () => {
  const key = newKey();
  expect(key.length).toBeGreaterThan(40);
  const keyring = createKeyring({
    fullKey: null,
    keys: [{ name: 'n8n', hash: hashKey(key), scopes: ['read'], expiresAt: null }],
    now: () => new Date(),
  });
  expect(keyring.find(key)).toMatchObject({ kind: 'known', identity: { id: 'key:n8n', scopes: ['read'] } });
  expect(keyring.find(`${key} `)).toEqual({ kind: 'unknown' });
});
