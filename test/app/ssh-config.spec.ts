import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createApiWay } from '../../src/app/api-tunnel.ts';
import { registerSecrets } from '../../src/app/config-secrets.ts';
import { loadConfig } from '../../src/app/load-config.ts';
import { createSshAccess, sshSettings } from '../../src/app/ssh-access.ts';
import { createSecrets } from '../../src/domain/secrets.ts';

const CREDENTIALS = { PROXMOX_HOST: 'pve.example', PROXMOX_USER: 'mcp@pve', PROXMOX_TOKEN_NAME: 'agent', PROXMOX_TOKEN_VALUE: 'hush-hush' };
const PIN = `SHA256:${'A'.repeat(43)}`;

describe('the ssh section', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'ssh-config-'));
  });
  afterAll(() => rmSync(folder, { recursive: true }));
  const load = (section: Readonly<Record<string, unknown>>, environment: Readonly<Record<string, string>> = {}) => {
    const path = join(folder, 'config.json');
    const auth = { user: 'a@pve', token_name: 't', token_value: 'v' };
    writeFileSync(path, JSON.stringify({ proxmox: { host: 'x' }, auth, ssh: section }), { mode: 0o600 });
    return loadConfig({ PROXMOX_MCP_CONFIG: path, ...environment });
  };

  test('does not exist unless something of it is set', () => {
    const { config } = loadConfig(CREDENTIALS);
    expect(config.ssh).toBeUndefined();
    expect(createSshAccess(config.ssh, {}).openShell).toBeUndefined();
  });

  test('can come from the environment alone', () => {
    const { config, warnings } = loadConfig({
      ...CREDENTIALS,
      PROXMOX_SSH_USER: 'mcp-agent',
      PROXMOX_SSH_PORT: '2222',
      PROXMOX_SSH_KEY_FILE: '~/.ssh/proxmox_key',
      PROXMOX_SSH_USE_SUDO: 'true',
      PROXMOX_SSH_HOST_OVERRIDES: 'pve1=192.0.2.11, pve2=192.0.2.12',
      PROXMOX_SSH_HOST_FINGERPRINTS: `{"pve1": "${PIN}", "pve2": ["${PIN}"]}`,
    });
    if (!config.ssh) throw new Error('no ssh section');
    expect(warnings).toEqual([]);
    expect(sshSettings(config.ssh, { SSH_AUTH_SOCK: '/run/agent' })).toMatchObject({
      user: 'mcp-agent',
      port: 2222,
      keyFile: join(homedir(), '.ssh/proxmox_key'),
      useSudo: true,
      agentSocket: '/run/agent',
      hostOverrides: { pve1: '192.0.2.11', pve2: '192.0.2.12' },
      hostFingerprints: { pve1: [PIN], pve2: [PIN] },
      knownHostsFiles: [join(homedir(), '.ssh/known_hosts'), '/etc/ssh/ssh_known_hosts'],
    });
  });

  test('adds its known_hosts file to the usual ones', () => {
    const { config } = load({ known_hosts_file: '~/hosts' });
    expect(sshSettings(config.ssh ?? ({} as never), {}).knownHostsFiles?.slice(0, 2)).toEqual([
      join(homedir(), 'hosts'),
      join(homedir(), '.ssh/known_hosts'),
    ]);
  });

  test('cannot switch the check of host keys off, and says that it cannot', () => {
    const { warnings } = load({ strict_host_key_checking: false, allow_node_commands: true });
    expect(warnings).toEqual([expect.stringContaining('host keys are always checked'), expect.stringContaining('allow_node_commands')]);
  });

  test('takes its secrets from the environment over a file, and has them kept out of everything', () => {
    const { config } = load({ user: 'u' }, { PROXMOX_SSH_PASSPHRASE: 'open sesame', PROXMOX_SSH_PASSWORD: 'pass-word' });
    const secrets = createSecrets();
    registerSecrets(config, secrets);
    expect(sshSettings(config.ssh ?? ({} as never), {})).toMatchObject({ passphrase: 'open sesame', password: 'pass-word' });
    expect(secrets.scrub('open sesame pass-word')).toBe('<secret> <secret>');
  });

  test('with a wrong value names the setting at the start, not at the first command', () => {
    const bad = (section: Readonly<Record<string, unknown>>) => () => createSshAccess(load(section).config.ssh, {});
    expect(bad({ user: '-oProxyCommand=x' })).toThrow('ssh.user');
    expect(bad({ host_overrides: { pve1: '-oProxyCommand=x' } })).toThrow('ssh.host_overrides');
    expect(bad({ host_fingerprints: { pve1: 'MD5:aa:bb' } })).toThrow('fingerprint');
  });
});

describe('the api_tunnel section', () => {
  const TUNNEL = {
    ...CREDENTIALS,
    PROXMOX_API_TUNNEL_ENABLED: 'true',
    PROXMOX_API_TUNNEL_SSH_HOST: 'jump',
    PROXMOX_API_TUNNEL_REMOTE_HOST: 'pve1.lan',
  };
  const way = (environment: Readonly<Record<string, string>>) => createApiWay(loadConfig(environment).config, {});

  test('is off by default, and its local end of old is accepted', () => {
    expect(way(CREDENTIALS)).toMatchObject({ host: 'pve.example', port: 8006, detour: undefined });
    const old = { ...TUNNEL, PROXMOX_API_TUNNEL_LOCAL_HOST: '127.0.0.1', PROXMOX_API_TUNNEL_LOCAL_PORT: '8006' };
    expect(way(old).detour).toBeDefined();
  });

  test("verifies the certificate against Proxmox's name, also where proxmox.host is the near end of the predecessor's tunnel", () => {
    expect(way(TUNNEL).host).toBe('pve.example');
    expect(way({ ...TUNNEL, PROXMOX_HOST: '127.0.0.1' }).host).toBe('pve1.lan');
    expect(way({ ...TUNNEL, PROXMOX_HOST: '127.0.0.1', PROXMOX_API_TUNNEL_REMOTE_HOST: 'localhost' }).host).toBe('127.0.0.1');
  });

  test('without an SSH host is refused with the name of the setting', () => {
    expect(() => way({ ...CREDENTIALS, PROXMOX_API_TUNNEL_ENABLED: '1' })).toThrow('api_tunnel.ssh_host');
  });
});
