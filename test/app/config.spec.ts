import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { splitOutsideBrackets } from '../../src/domain/split-list.ts';
import { ConfigError } from '../../src/app/config-problem.ts';
import { loadConfig } from '../../src/app/load-config.ts';

const CREDENTIALS = { PROXMOX_HOST: 'pve.example', PROXMOX_USER: 'mcp@pve', PROXMOX_TOKEN_NAME: 'agent', PROXMOX_TOKEN_VALUE: 'hush-hush' };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (content: unknown): Record<string, string> => {
  const path = join(folder, 'config.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  return { PROXMOX_MCP_CONFIG: path };
};
const problemsOf = (environment: Record<string, string>): string => {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no problem';
};

describe('configuration from the environment', () => {
  test('four variables suffice', () => {
    const { config, source } = loadConfig(CREDENTIALS);
    expect(source).toBe('the environment');
    expect(config.proxmox).toMatchObject({ host: 'pve.example', port: 8006, timeout: 30, verify_ssl: true });
    expect(config.mcp).toMatchObject({ host: '127.0.0.1', port: 8000, transport: 'STDIO' });
  });

  test('numbers, booleans, lists and spellings of the transport are understood', () => {
    const { config } = loadConfig({
      ...CREDENTIALS,
      PROXMOX_PORT: '443',
      PROXMOX_VERIFY_SSL: 'false',
      PROXMOX_DEV_MODE: 'true',
      MCP_TRANSPORT: 'streamable_http',
      MCP_ALLOWED_HOSTS: 'a.example:*, b.example',
      LOG_LEVEL: 'debug',
    });
    expect(config.proxmox).toMatchObject({ port: 443, verify_ssl: false });
    expect(config.mcp).toMatchObject({ transport: 'STREAMABLE', allowed_hosts: ['a.example:*', 'b.example'] });
    expect(config.logging.level).toBe('DEBUG');
  });

  test('a variable that a desktop client left as a placeholder is as good as unset', () => {
    expect(loadConfig({ ...CREDENTIALS, LOG_LEVEL: '${user_config.log_level}' }).config.logging.level).toBe('INFO');
  });

  test('a list is not split inside a pattern', () => {
    expect(splitOutsideBrackets('^a{1,3}$,^(b|c,d)$, ^[x,y]$,e\\,f')).toEqual(['^a{1,3}$', '^(b|c,d)$', '^[x,y]$', 'e\\,f']);
  });
});

describe('configuration from a file', () => {
  test("the predecessor's example loads unchanged", () => {
    const example = readFileSync(join(import.meta.dirname, 'fixtures', 'predecessor-config.json'), 'utf8');
    const { config } = loadConfig(file(example));
    expect(config.auth.user).toBe('username@pve');
    expect(config.logging.level).toBe('DEBUG');
  });

  test('counts instead of the environment, but for the variables that override it', () => {
    const { config } = loadConfig({
      ...file({ proxmox: { host: 'from-file' }, auth: { user: 'a@pve', token_name: 't', token_value: 'v' } }),
      PROXMOX_HOST: 'from-environment',
      MCP_PORT: '9000',
      PROXMOX_FINGERPRINT: 'ab'.repeat(32),
    });
    expect(config.proxmox).toMatchObject({ host: 'from-file', fingerprint: 'ab'.repeat(32) });
    expect(config.mcp.port).toBe(9000);
  });

  test('a file that is missing leaves the environment', () => {
    expect(loadConfig({ ...CREDENTIALS, PROXMOX_MCP_CONFIG: join(folder, 'nowhere.json') }).source).toBe('the environment');
  });

  test('an unknown setting is named with those that are known', () => {
    const { warnings } = loadConfig(
      file({ proxmox: { host: 'x', verify_tls: true }, auth: { user: 'a@pve', token_name: 't', token_value: 'v' } }),
    );
    expect(warnings.join()).toContain('"proxmox.verify_tls"');
    expect(warnings.join()).toContain('verify_ssl');
  });
});

describe('a wrong configuration', () => {
  test('tells every problem at once, with variable, value and expectation', () => {
    const message = problemsOf({
      PROXMOX_HOST: 'https://pve/',
      PROXMOX_PORT: '99999',
      PROXMOX_USER: 'root@pam!mcp',
      PROXMOX_FINGERPRINT: 'nonsense',
    });
    for (const part of [
      'proxmox.host (PROXMOX_HOST)',
      '"https://pve/"',
      'proxmox.port (PROXMOX_PORT)',
      '99999',
      'auth.user (PROXMOX_USER)',
      'auth.token_value (PROXMOX_TOKEN_VALUE): is required',
      '32 bytes in hex',
    ]) {
      expect(message).toContain(part);
    }
  });

  test('verification is not switched off without saying that this is development', () => {
    expect(problemsOf({ ...CREDENTIALS, PROXMOX_VERIFY_SSL: 'false' })).toContain('security.dev_mode=true');
  });

  test('the old SSE transport is refused by name', () => {
    expect(problemsOf({ ...CREDENTIALS, MCP_TRANSPORT: 'SSE' })).toContain('STREAMABLE_HTTP');
  });

  const auth = { user: 'a@pve', token_name: 't', token_value: 'tv' };
  test.each([
    ['a URL as the host', { proxmox: { host: 'https://root:hush-hush@pve.example' }, auth }],
    ['a whole token as the user', { proxmox: { host: 'x' }, auth: { ...auth, user: 'a@pve!t=hush-hush' } }],
    ['a stray key of the policy', { proxmox: { host: 'x' }, auth, policy: { approval_token: 'hush-hush' } }],
    ['text in place of a section', { proxmox: { host: 'x' }, auth, jobs: { database_url: ['postgres://u:hush-hush@h/d'] } }],
    [
      'the URL of a webhook',
      { proxmox: { host: 'x' }, auth, webhooks: [{ url: 'http://u:hush-hush@x.example/hush-hush', secret: 'hush-hush' }] },
    ],
    ['the hash of a key', { proxmox: { host: 'x' }, auth, keys: [{ name: 'n', hash: 'hush-hush', scopes: ['read'] }] }],
  ])('never shows what was pasted into %s', (_what, content) => {
    const told = problemsOf(file(content));
    expect(told).not.toBe('no problem');
    expect(told).not.toContain('hush-hush');
  });

  test('never shows a secret', () => {
    const secret = { proxmox: { host: 'x' }, auth: { user: 'a@pve', token_name: 't', token_value: { nested: 'hush-hush' } } };
    expect(problemsOf(file(secret))).not.toContain('hush-hush');
    expect(problemsOf(file('{"auth": {"token_value": "hush-hush" oops'))).not.toContain('hush-hush');
  });
});
