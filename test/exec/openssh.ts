import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { SshSettingsInput } from '../../src/exec/ssh-settings.ts';
import { requireProgram } from './install-package.ts';
import { childrenOf, endIfAlive } from './processes.ts';

export type KeyType = 'ed25519' | 'rsa' | 'ecdsa';

export interface KeyFile {
  readonly file: string;
  readonly publicLine: string;
  readonly fingerprint: string;
}

/** A real OpenSSH server on loopback with its own keys, and a stand-in for `pct` that runs the argv on this machine. */
export interface OpenSsh {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
  readonly pctPath: string;
  readonly knownHostsFile: string;
  readonly clientKey: KeyFile;
  hostKey(type: KeyType): KeyFile;
  /** Creates a client key; it opens nothing until it is authorized. */
  createKey(type: KeyType, passphrase?: string): KeyFile;
  authorize(key: KeyFile, options?: string): void;
  /** Settings of a client that reaches node `pve1`. */
  settings(overrides?: SshSettingsInput): SshSettingsInput;
  log(): string;
  /** Ends the server's side of all its connections, as a restart of the node does. */
  dropConnections(): void;
  /** Ends the server and its connections. */
  stop(): Promise<void>;
}

/** A container whose only tools are those in the folder `busybox`, which a test fills. */
export const BUSYBOX_VMID = 160;

const PCT = `#!/bin/sh
[ "$1" = exec ] && [ "$3" = -- ] || { echo "400 bad call: $*" >&2; exit 255; }
vmid=$2
shift 3
case $vmid in
404) echo "Configuration file 'nodes/pve1/lxc/404.conf' does not exist" >&2; exit 2 ;;
150) echo "Error: container '150' not running!" >&2; exit 255 ;;
${BUSYBOX_VMID}) PATH=\${0%/bin/*}/busybox ;;
esac
exec "$@"
`;

const SUDO = `#!/bin/sh
[ "$1" = -n ] || { echo "sudo: a terminal is required to read the password" >&2; exit 1; }
shift
case "$1 $2" in */pct\\ exec) exec "$@" ;; esac
echo "sudo: a password is required" >&2
exit 1
`;

export async function startOpenSsh(extraConfig: readonly string[] = []): Promise<OpenSsh> {
  const sshd = requireProgram('/usr/sbin/sshd', 'openssh-server');
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'openssh-'));
  const port = await freePort();
  const path = (name: string): string => join(folder, name);
  const hostKeys = {
    ed25519: createKeyFile(path('host_ed25519'), 'ed25519'),
    rsa: createKeyFile(path('host_rsa'), 'rsa'),
    ecdsa: createKeyFile(path('host_ecdsa'), 'ecdsa'),
  };
  mkdirSync(path('bin'));
  writeFileSync(path('bin/pct'), PCT, { mode: 0o755 });
  writeFileSync(path('bin/sudo'), SUDO, { mode: 0o755 });
  writeFileSync(path('authorized_keys'), '', { mode: 0o600 });
  writeFileSync(
    path('sshd_config'),
    [
      `ListenAddress 127.0.0.1:${port}`,
      ...Object.values(hostKeys).map((key) => `HostKey ${key.file}`),
      `AuthorizedKeysFile ${path('authorized_keys')}`,
      `PidFile ${path('sshd.pid')}`,
      'StrictModes no',
      'UsePAM no',
      'PermitRootLogin yes',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'LogLevel VERBOSE',
      'MaxStartups 100',
      `SetEnv HOME=${folder} PATH=${path('bin')}:/usr/local/bin:/usr/bin:/bin`,
      ...extraConfig,
      '',
    ].join('\n'),
  );
  const server = spawn(sshd, ['-D', '-f', path('sshd_config'), '-E', path('log')], { stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  await waitForPort(
    port,
    () => (existsSync(path('log')) ? readFileSync(path('log'), 'utf8') : ''),
    () => server.exitCode,
  );
  const clientKey = createKeyFile(path('client'), 'ed25519');
  const knownHostsFile = path('known_hosts');
  writeFileSync(knownHostsFile, `[127.0.0.1]:${port} ${hostKeys.ed25519.publicLine}\n`);

  let keys = 0;
  const openssh: OpenSsh = {
    host: '127.0.0.1',
    port,
    folder,
    knownHostsFile,
    clientKey,
    pctPath: path('bin/pct'),
    hostKey: (type) => hostKeys[type],
    createKey: (type, passphrase) => createKeyFile(path(`client-${(keys += 1)}`), type, passphrase),
    authorize(key, options = '') {
      writeFileSync(path('authorized_keys'), `${options === '' ? '' : `${options} `}${key.publicLine}\n`, { flag: 'a' });
    },
    settings: (overrides = {}) => ({
      user: userInfo().username,
      port,
      keyFile: clientKey.file,
      knownHostsFiles: [knownHostsFile],
      hostOverrides: { pve1: '127.0.0.1' },
      pctPath: path('bin/pct'),
      ...overrides,
    }),
    log: () => readFileSync(path('log'), 'utf8'),
    dropConnections() {
      for (const pid of childrenOf(server.pid ?? -1)) process.kill(pid, 'SIGKILL');
    },
    async stop() {
      const connections = childrenOf(server.pid ?? -1);
      server.kill('SIGTERM');
      await ended;
      for (const pid of connections) endIfAlive(pid);
      rmSync(folder, { recursive: true, force: true });
    },
  };
  openssh.authorize(clientKey);
  return openssh;
}

function createKeyFile(file: string, type: KeyType, passphrase = ''): KeyFile {
  execFileSync('ssh-keygen', ['-q', '-t', type, ...(type === 'rsa' ? ['-b', '2048'] : []), '-N', passphrase, '-C', 'test', '-f', file]);
  const publicLine = readFileSync(`${file}.pub`, 'utf8').trim();
  const fingerprint = execFileSync('ssh-keygen', ['-lf', `${file}.pub`], { encoding: 'utf8' }).split(' ')[1] ?? '';
  return { file, publicLine, fingerprint };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a check until it holds, for things that the kernel or another process does in its own time. */
export async function eventually(holds: () => boolean | Promise<boolean>, what: string, milliseconds = 8000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`still not true after ${milliseconds} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function waitForPort(port: number, log: () => string, exitCode: () => number | null): Promise<void> {
  const answers = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket
        .once('connect', () => resolve(true))
        .once('error', () => resolve(false))
        .once('connect', () => socket.destroy());
    });
  try {
    await eventually(() => (exitCode() === null ? answers() : Promise.reject(new Error('sshd ended'))), 'sshd listens');
  } catch (error) {
    throw new Error(`sshd did not start: ${log().slice(-800)}`, { cause: error });
  }
}
