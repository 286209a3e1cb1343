import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { configFields } from '../../src/app/config-fields.ts';
import { configSchema } from '../../src/app/config-schema.ts';
import { createProgram } from '../../src/app/create-program.ts';
import { loadConfig } from '../../src/app/load-config.ts';
import { VERSION } from '../../src/app/version.ts';
import { CLIENT_IDS, EXAMPLE_TARGET, clientConfigs, installLinks } from '../../src/cli/client-configs.ts';
import { helpOfCommand, helpOfProgram } from '../../src/cli/help.ts';

const json = (path: string): Readonly<Record<string, unknown>> => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
const variables = new Set(['PROXMOX_MCP_CONFIG', ...configFields(configSchema).flatMap(({ env }) => env ?? [])]);

test('the manifests are what the code says', () => {
  execFileSync(process.execPath, ['scripts/build-manifests.ts', '--check'], { stdio: 'pipe' });
});

describe('server.json', () => {
  const server = json('server.json') as {
    name: string;
    description: string;
    version: string;
    packages: readonly { version: string; environmentVariables: readonly { name: string }[] }[];
  };

  test('keeps to the limits of the registry', () => {
    expect(server.description.length).toBeLessThanOrEqual(100);
    expect(server.version).toBe(VERSION);
    expect(server.packages).toMatchObject([{ version: VERSION }]);
    expect(server.name).toMatch(/^io\.github\.[\w-]+\/[\w.-]+$/);
  });

  test('names only variables that are read', () => {
    for (const { name } of server.packages[0]?.environmentVariables ?? []) expect(variables).toContain(name);
  });
});

describe('the desktop bundle', () => {
  test('asks for what the server needs and hides the secret', () => {
    expect(json('manifest.json')).toMatchObject({
      manifest_version: '0.3',
      version: VERSION,
      user_config: { token_value: { sensitive: true, required: true }, fingerprint: { required: false } },
    });
  });
});

describe('client configurations', () => {
  const configs = clientConfigs(EXAMPLE_TARGET);

  test('there is one for each client, in the language of its file', () => {
    expect(configs.map(({ id }) => id)).toEqual(CLIENT_IDS);
    for (const { language, text } of configs) if (language === 'json') JSON.parse(text);
  });

  test('the links hold what an editor installs, and no secret', () => {
    const { vscode, cursor } = installLinks();
    expect(JSON.parse(decodeURIComponent(vscode.split('?')[1] ?? ''))).toMatchObject({
      name: 'proxmox',
      command: 'npx',
      env: { PROXMOX_TOKEN_VALUE: '' },
    });
    const config = new URL(cursor).searchParams.get('config') ?? '';
    expect(JSON.parse(Buffer.from(config, 'base64').toString())).toMatchObject({ command: 'npx', args: ['-y', 'proxmox-mcp-plus'] });
  });
});

test.each(readdirSync('proxmox-config').filter((name) => name.endsWith('.example.json')))('%s loads', (name) => {
  const folder = mkdtempSync(join(tmpdir(), 'config-test-'));
  const path = join(folder, name);
  execFileSync('install', ['-m', '600', join('proxmox-config', name), path]);
  const { config, warnings } = loadConfig({ PROXMOX_MCP_CONFIG: path });
  expect(config.proxmox.host).toBe('192.0.2.10');
  expect(warnings.filter((warning) => !warning.includes('"live"'))).toEqual([]);
  rmSync(folder, { recursive: true, force: true });
});

test('the help of every command is what was agreed on', async () => {
  const { version, commands } = createProgram();
  const own = commands.filter(({ name }) => !name.startsWith('call '));
  const pages = [helpOfProgram('VERSION', commands), ...own.map(helpOfCommand)];
  expect(version).toBe(VERSION);
  await expect(pages.join('\n----\n\n')).toMatchFileSnapshot('cli-help.txt');
});
