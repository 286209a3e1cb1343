import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { configFields } from '../../src/app/config-fields.ts';
import { configSchema } from '../../src/app/config-schema.ts';
import { loadConfig } from '../../src/app/load-config.ts';
import { OUR_VARIABLES, plainConfig } from '../../src/app/plain-config.ts';

const CREDENTIALS = { PROXMOX_HOST: 'pve.example', PROXMOX_USER: 'mcp@pve', PROXMOX_TOKEN_NAME: 'agent', PROXMOX_TOKEN_VALUE: 'hush-hush' };
const SECTIONS = { proxmox: { host: 'pve.example' }, auth: { user: 'mcp@pve', token_name: 'agent', token_value: 'hush-hush' } };

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'plain-config-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

const file = (content: object): Record<string, string> => {
  const path = join(folder, 'config.json');
  writeFileSync(path, JSON.stringify(content), { mode: 0o600 });
  chmodSync(path, 0o600);
  return { PROXMOX_MCP_CONFIG: path };
};

describe('a plain configuration', () => {
  test.each([
    ['four variables', CREDENTIALS, false],
    [
      'variables of its sections, and what a client left empty',
      { ...CREDENTIALS, PROXMOX_PORT: '443', LOG_LEVEL: 'debug', API_PORT: '', MCP_PORT: '${user_config.x}' },
      false,
    ],
    ['variables of SSH', { ...CREDENTIALS, PROXMOX_SSH_USER: 'root' }, true],
    ['a policy that is read-only', { ...CREDENTIALS, PROXMOX_MCP_READ_ONLY: 'yes' }, false],
    ['variables of others', { ...CREDENTIALS, HOME: '/root', PROXMOX_MCP_STATE_DIR: '/tmp/state' }, false],
  ])('is one of %s', async (_what, environment, hasSsh) => {
    const plain = await plainConfig(environment);
    const { config } = loadConfig(environment);
    expect(plain).toEqual({ jobs: config.jobs, hasSsh, isReadOnly: config.policy.read_only });
    expect(config.ssh !== undefined).toBe(hasSsh);
  });

  test.each([
    ['the two sections that must be', SECTIONS, false],
    ['a policy that is read-only', { ...SECTIONS, policy: { read_only: true } }, false],
    ['SSH', { ...SECTIONS, ssh: { user: 'root' }, $schema: 'x' }, true],
    ['a place for jobs', { ...SECTIONS, jobs: { sqlite_path: '/tmp/jobs.sqlite3' }, mcp: { transport: 'stdio' } }, false],
  ])('is a file with %s', async (_what, content, hasSsh) => {
    const environment = file(content);
    expect(await plainConfig(environment)).toMatchObject({ jobs: loadConfig(environment).config.jobs, hasSsh });
  });

  test.each([
    ['toolsets', { ...CREDENTIALS, PROXMOX_MCP_TOOLSETS: 'guests' }],
    ['a policy of the predecessor', { ...CREDENTIALS, COMMAND_POLICY_MODE: 'audit_only' }],
    ['a choice of tools', { ...CREDENTIALS, PROXMOX_MCP_TOOLS: 'search' }],
    ['another transport', { ...CREDENTIALS, MCP_TRANSPORT: 'STREAMABLE' }],
    ['a database that may not be there', { ...CREDENTIALS, PROXMOX_JOBS_DATABASE_URL: 'postgres://localhost/jobs' }],
    ['a file that may not be there', { ...CREDENTIALS, PROXMOX_CA_FILE: '/nowhere.pem' }],
    ['a tunnel', { ...CREDENTIALS, PROXMOX_API_TUNNEL_ENABLED: 'true' }],
    ['no token', { PROXMOX_HOST: 'pve.example' }],
    ['a wrong port', { ...CREDENTIALS, PROXMOX_PORT: '0' }],
    ['a wrong fingerprint', { ...CREDENTIALS, PROXMOX_FINGERPRINT: 'AB:CD' }],
    ['a file that is missing', { ...CREDENTIALS, PROXMOX_MCP_CONFIG: '/nowhere/config.json' }],
  ])('is not one with %s', async (_what, environment) => {
    expect(await plainConfig(environment)).toBeUndefined();
  });

  test('is no file with another section, nor one that others can read', async () => {
    expect(await plainConfig(file({ ...SECTIONS, policy: { four_eyes: ['destroy'] } }))).toBeUndefined();
    expect(await plainConfig(file({ ...SECTIONS, http: {} }))).toBeUndefined();
    const environment = file(SECTIONS);
    chmodSync(environment['PROXMOX_MCP_CONFIG'] ?? '', 0o644);
    expect(await plainConfig(environment)).toBeUndefined();
  });

  test('knows every variable of a setting by its beginning', () => {
    const variables = configFields(configSchema).flatMap(({ env }) => env ?? []);
    expect(variables.filter((name) => !OUR_VARIABLES.test(name))).toEqual([]);
  });
});
