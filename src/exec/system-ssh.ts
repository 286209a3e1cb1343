import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProcessEnd, RemoteProcess } from './remote-process.ts';
import { notSent } from './ssh-failure.ts';
import type { SshSettings, SshTarget } from './ssh-settings.ts';
import { systemSshArguments } from './system-ssh-arguments.ts';
import type { SystemSshPurpose } from './system-ssh-arguments.ts';
import { readSystemSshLog } from './system-ssh-log.ts';

/** A run of the system's client, with access to what it logs. */
export interface SystemSsh extends RemoteProcess {
  /** True once the server let us in. */
  isAuthenticated(): Promise<boolean>;
}

/** Only these reach the client: a ProxyCommand has no business with our tokens, and the node has none with our language. */
const ENVIRONMENT = [
  'HOME',
  'PATH',
  'USER',
  'LOGNAME',
  'SSH_AUTH_SOCK',
  'TMPDIR',
  'SystemRoot',
  'USERPROFILE',
  'TEMP',
  'ProgramData',
  'PATHEXT',
];

/**
 * Starts the system's OpenSSH client. It logs into a private file, which is how its own end is told from the command's.
 * @throws OperationError with `details.sent` false when it cannot be started, or cannot do what the settings ask for
 */
export async function spawnSystemSsh(settings: SshSettings, target: SshTarget, purpose: SystemSshPurpose): Promise<SystemSsh> {
  const options = systemSshArguments(settings, target, purpose);
  const folder = await mkdtemp(join(tmpdir(), 'proxmox-mcp-ssh-'));
  const logFile = join(folder, 'log');
  const env = Object.fromEntries(ENVIRONMENT.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])));
  const child = spawn('ssh', ['-v', '-E', logFile, ...options], { stdio: 'pipe', env, windowsHide: true });
  const readLog = async (): Promise<string> => readFile(logFile, 'utf8').catch(() => '');
  const clean = async (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    await started(child);
  } catch (error) {
    await clean();
    throw notSent('client_missing', target, 'The system has no OpenSSH client that can be started.', {
      hint: 'Install it (Debian: openssh-client), or set ssh.prefer_ssh_client to false.',
      cause: error,
    });
  }
  child.on('error', () => {});
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once('exit', (code) => {
      void readLog().then(async (log) => {
        resolve(readSystemSshLog(log, code, settings, target));
        await clean();
      });
    });
  });
  return {
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    ended,
    closed,
    abandon: () => child.kill('SIGTERM'),
    isAuthenticated: async () => /^Authenticated to /m.test(await readLog()),
  };
}

function started(child: ChildProcessWithoutNullStreams): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', reject);
  });
}
