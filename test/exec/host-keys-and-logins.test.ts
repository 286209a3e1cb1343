import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import type { OperationError } from '../../src/domain/operation-error.ts';
import type { CommandOutput } from '../../src/exec/command-output.ts';
import { createNodeShell } from '../../src/exec/node-shell.ts';
import type { NodeShell } from '../../src/exec/node-shell.ts';
import { completeSshSettings, sshTarget } from '../../src/exec/ssh-settings.ts';
import type { SshSettingsInput } from '../../src/exec/ssh-settings.ts';
import { systemSshArguments } from '../../src/exec/system-ssh-arguments.ts';
import { eventually, startOpenSsh } from './openssh.ts';
import type { KeyType, OpenSsh } from './openssh.ts';

let openssh: OpenSsh;
const shells: NodeShell[] = [];
vi.setConfig({ testTimeout: 20_000 });
beforeAll(async () => {
  openssh = await startOpenSsh();
}, 240_000);
afterAll(() => openssh.stop());
afterEach(async () => {
  await Promise.all(shells.splice(0).map((shell) => shell.close()));
});

function greet(settings: SshSettingsInput = {}): Promise<CommandOutput> {
  const shell = createNodeShell(openssh.settings(settings));
  shells.push(shell);
  return shell.runInContainer({ node: 'pve1', vmid: 101, argv: ['echo', 'hello'], timeoutSeconds: 10 });
}
const refusalOf = (call: Promise<unknown>): Promise<OperationError> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: OperationError) => error,
  );

let files = 0;
function knownHosts(text: string): { knownHostsFiles: string[] } {
  const file = join(openssh.folder, `known_hosts-${(files += 1)}`);
  writeFileSync(file, text);
  return { knownHostsFiles: [file] };
}
const entry = (type: KeyType, marker = ''): string => `${marker}[127.0.0.1]:${openssh.port} ${openssh.hostKey(type).publicLine}\n`;

describe.each([
  ['the built-in client', {}],
  ["the system's client", { preferSshClient: true }],
])('with %s', (_name, client) => {
  test.each(['ed25519', 'rsa', 'ecdsa'] as const)('knows a host by its %s key', async (type) => {
    expect(await greet({ ...client, ...knownHosts(entry(type)) })).toMatchObject({ exitCode: 0 });
  });

  test('knows a host whose name is hashed', async () => {
    const { knownHostsFiles } = knownHosts(entry('ed25519'));
    execFileSync('ssh-keygen', ['-q', '-H', '-f', knownHostsFiles[0] ?? ''], { stdio: 'ignore' });
    expect(await greet({ ...client, knownHostsFiles })).toMatchObject({ exitCode: 0 });
  });

  test('refuses a host that is not known, and says how to pin it', async () => {
    const error = await refusalOf(greet({ ...client, ...knownHosts('') }));
    expect(error).toMatchObject({
      code: 'proxmox_failed',
      effect: 'none',
      details: {
        reason: 'host_key_unknown',
        sent: false,
        presented_fingerprint: openssh.hostKey('ed25519').fingerprint,
        setting: { value: { pve1: openssh.hostKey('ed25519').fingerprint } },
      },
    });
    expect(error.hint).toContain('ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub');
  });

  test('refuses a host whose key has changed', async () => {
    const stranger = openssh.createKey('ed25519').publicLine;
    const error = await refusalOf(greet({ ...client, ...knownHosts(`[127.0.0.1]:${openssh.port} ${stranger}\n`) }));
    expect(error).toMatchObject({
      effect: 'none',
      details: { reason: 'host_key_changed', sent: false, presented_fingerprint: openssh.hostKey('ed25519').fingerprint },
    });
  });

  test('refuses a host whose key is revoked', async () => {
    const error = await refusalOf(greet({ ...client, ...knownHosts(entry('ed25519') + entry('ed25519', '@revoked ')) }));
    expect(error).toMatchObject({ effect: 'none', details: { reason: 'host_key_revoked', sent: false, setting: null } });
  });

  test.each(['ed25519', 'rsa', 'ecdsa'] as const)('logs in with a key of type %s', async (type) => {
    const key = openssh.createKey(type);
    openssh.authorize(key);
    expect(await greet({ ...client, keyFile: key.file })).toMatchObject({ exitCode: 0 });
  });

  test('logs in with a key that only an agent holds', async () => {
    const key = openssh.createKey('ed25519');
    openssh.authorize(key);
    const agentSocket = join(openssh.folder, `agent-${(files += 1)}`);
    const agent = spawn('ssh-agent', ['-D', '-a', agentSocket], { stdio: 'ignore' });
    try {
      await eventually(() => existsSync(agentSocket), 'the agent listens');
      execFileSync('ssh-add', ['-q', key.file], { env: { ...process.env, SSH_AUTH_SOCK: agentSocket }, stdio: 'ignore' });
      rmSync(key.file);
      const { keyFile: _, ...settings } = openssh.settings({ ...client, agentSocket });
      const shell = createNodeShell(settings);
      shells.push(shell);
      expect(await shell.runInContainer({ node: 'pve1', vmid: 101, argv: ['true'], timeoutSeconds: 10 })).toMatchObject({ exitCode: 0 });
    } finally {
      agent.kill();
    }
  });
});

test('pinned fingerprints decide over known_hosts', async () => {
  const pin = openssh.hostKey('ed25519').fingerprint;
  expect(await greet({ ...knownHosts(''), hostFingerprints: { pve1: [pin] } })).toMatchObject({ exitCode: 0 });
  expect(await greet({ ...knownHosts(''), hostFingerprints: { '127.0.0.1': [pin] } })).toMatchObject({ exitCode: 0 });
  const rsaLine = `2048 ${openssh.hostKey('rsa').fingerprint} root@pve1 (RSA)`;
  expect(await greet({ ...knownHosts(''), hostFingerprints: { pve1: [rsaLine] } })).toMatchObject({ exitCode: 0 });
  const error = await refusalOf(greet({ hostFingerprints: { pve1: [`SHA256:${'A'.repeat(43)}`] } }));
  expect(error.details).toMatchObject({ reason: 'host_key_changed', sent: false });
});

test('logs in with a key that needs its passphrase, and says when that is wrong', async () => {
  const key = openssh.createKey('ed25519', 'open sesame');
  openssh.authorize(key);
  expect(await greet({ keyFile: key.file, passphrase: 'open sesame' })).toMatchObject({ exitCode: 0 });
  for (const passphrase of ['wrong', undefined]) {
    const error = await refusalOf(greet({ keyFile: key.file, ...(passphrase && { passphrase }) }));
    expect(error).toMatchObject({ effect: 'none', details: { reason: 'key_unusable', sent: false } });
    expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('sesame');
  }
});

test('says when the key file does not exist or the agent does not answer', async () => {
  expect(await refusalOf(greet({ keyFile: join(openssh.folder, 'absent') }))).toMatchObject({
    details: { reason: 'key_unusable', sent: false },
  });
  const { keyFile: _, ...settings } = openssh.settings({ agentSocket: join(openssh.folder, 'absent') });
  const call = createNodeShell(settings).runInContainer({ node: 'pve1', vmid: 101, argv: ['true'], timeoutSeconds: 5 });
  expect(await refusalOf(call)).toMatchObject({ details: { reason: 'authentication_failed', sent: false } });
});

test("does not weaken what the system's client cannot do", async () => {
  for (const settings of [
    { password: 'x' },
    { passphrase: 'x' },
    { hostFingerprints: { pve1: [openssh.hostKey('ed25519').fingerprint] } },
  ]) {
    expect(await refusalOf(greet({ preferSshClient: true, ...settings }))).toMatchObject({
      code: 'invalid_input',
      details: { reason: 'unsupported', sent: false },
    });
  }
});

test("overrules what a person's own ssh_config weakens for the system's client", () => {
  const file = join(openssh.folder, 'weak_config');
  const weak =
    'StrictHostKeyChecking no|NoHostAuthenticationForLocalhost yes|VerifyHostKeyDNS yes|UpdateHostKeys yes|BatchMode no|ForwardAgent yes';
  const foreign = 'RemoteCommand id|PermitLocalCommand yes|LocalCommand id|ControlMaster auto|ControlPath /tmp/%h|LocalForward 1 x:1';
  writeFileSync(file, `${weak}|${foreign}`.replaceAll('|', '\n'));
  const settings = completeSshSettings(openssh.settings({ preferSshClient: true }));
  const args = systemSshArguments(settings, sshTarget(settings, 'pve1'), { command: 'true' });
  const effective = execFileSync('ssh', ['-F', file, '-G', ...args], { encoding: 'utf8' }).split('\n');
  expect(effective).toEqual(
    expect.arrayContaining([
      'stricthostkeychecking true',
      'nohostauthenticationforlocalhost no',
      'verifyhostkeydns false',
      'updatehostkeys false',
      'batchmode yes',
      'forwardagent no',
      'permitlocalcommand no',
      'controlmaster false',
      'clearallforwardings yes',
    ]),
  );
  expect(effective.filter((line) => /^(?:remotecommand|controlpath) (?!none)/.test(line))).toEqual([]);
});

test('logs in with a password, and only after the host key was verified', async () => {
  const seen: string[] = [];
  const server = new ssh2.Server({ hostKeys: [readFileSync(openssh.hostKey('ed25519').file)] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (context) => {
      if (context.method !== 'password') return context.reject(['password']);
      seen.push(context.password);
      return context.accept();
    });
    client.on('session', (accept) =>
      accept().on('exec', (acceptExec) => {
        const channel = acceptExec();
        channel.write('in');
        channel.exit(0);
        channel.end();
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const { keyFile: _, ...settings } = openssh.settings({ port, password: 'correct horse' });
  const call = (pin: string): Promise<CommandOutput> => {
    const shell = createNodeShell({ ...settings, hostFingerprints: { pve1: [pin] } });
    shells.push(shell);
    return shell.runInContainer({ node: 'pve1', vmid: 101, argv: ['true'], timeoutSeconds: 10 });
  };
  expect(await refusalOf(call(openssh.hostKey('rsa').fingerprint))).toMatchObject({ details: { reason: 'host_key_changed' } });
  expect(seen).toEqual([]);
  expect(await call(openssh.hostKey('ed25519').fingerprint)).toMatchObject({ exitCode: 0, stdoutBytes: 2 });
  expect(seen).toEqual(['correct horse']);
  server.close();
});
