import type { ClientChannel, ConnectConfig, Client as SshClient } from 'ssh2';
import type { OperationError } from '../domain/operation-error.ts';
import { readExpectedKeys, readKeyFile } from './ssh-credentials.ts';
import { hostKeyAlgorithms, judgeHostKey } from './host-key-verdict.ts';
import type { HostKeyVerdict } from './host-key-verdict.ts';
import { forwardRefused, hostKeyRefused, inDoubt, notSent } from './ssh-failure.ts';
import type { RemoteProcess } from './remote-process.ts';
import { sshProcess } from './ssh-process.ts';
import type { SshSettings, SshTarget } from './ssh-settings.ts';

/** One authenticated connection to a host whose key was verified. */
export interface SshConnection {
  readonly target: SshTarget;
  /** False from the moment the connection is lost or ended. */
  isOpen(): boolean;
  /** Commands whose channels are open. */
  commands(): number;
  /** Asks for a command; the error says whether the request went out (`details.sent`). */
  exec(command: string): Promise<RemoteProcess>;
  /** Opens a TCP connection from the node to a host as the node sees it. */
  forward(host: string, port: number): Promise<ClientChannel>;
  end(): void;
  readonly closed: Promise<void>;
}

/**
 * Connects, verifies the host key and authenticates, all within the time of the settings.
 * @throws OperationError with `details.sent` false
 */
export async function connectSsh(settings: SshSettings, target: SshTarget): Promise<SshConnection> {
  const [expected, privateKey] = await Promise.all([readExpectedKeys(settings, target), readKeyFile(settings, target)]);
  const { default: ssh2 } = await import('ssh2');
  const client = new ssh2.Client();
  let verdict: HostKeyVerdict | undefined;
  const config: ConnectConfig = {
    host: target.host,
    port: target.port,
    readyTimeout: settings.connectTimeoutSeconds * 1000,
    keepaliveInterval: settings.keepaliveSeconds * 1000,
    keepaliveCountMax: 3,
    agentForward: false,
    // ssh2 accepts any host when this is missing.
    hostVerifier: (key: Buffer) => {
      verdict = judgeHostKey(key, target, expected);
      return verdict.kind === 'match';
    },
    algorithms: { serverHostKey: hostKeyAlgorithms(expected) as NonNullable<NonNullable<ConnectConfig['algorithms']>['serverHostKey']> },
    ...credentials(settings, privateKey),
  };
  await new Promise<void>((resolve, reject) => {
    let last: Error | undefined;
    const fail = (): void => reject(connectFailure(target, settings, verdict, last));
    client.once('ready', resolve);
    client.on('error', (error: Error & { level?: string }) => {
      last = error;
      // With an agent that does not answer, the next method is still tried.
      if (error.level !== 'agent') fail();
    });
    client.once('close', fail);
    try {
      client.connect(config);
    } catch (error) {
      last = error as Error;
      fail();
    }
  }).catch((error: unknown) => {
    client.end();
    client.destroy();
    throw error;
  });
  client.setNoDelay(true);
  return wrap(client, target, settings.connectTimeoutSeconds * 1000);
}

function credentials(settings: SshSettings, privateKey: Buffer | undefined): Partial<ConnectConfig> {
  const { user, passphrase, password, agentSocket } = settings;
  return {
    username: user,
    ...(privateKey && { privateKey }),
    ...(passphrase !== undefined && { passphrase }),
    ...(agentSocket !== undefined && { agent: agentSocket }),
    ...(password !== undefined && { password }),
    authHandler: [
      ...(privateKey ? ['publickey' as const] : []),
      ...(agentSocket ? ['agent' as const] : []),
      ...(password ? ['password' as const] : []),
    ],
  };
}

function wrap(client: SshClient, target: SshTarget, answerMs: number): SshConnection {
  let open = true;
  let commands = 0;
  const closed = new Promise<void>((resolve) => {
    client.once('close', () => {
      open = false;
      resolve();
    });
  });
  client.once('end', () => (open = false));
  return {
    target,
    closed,
    isOpen: () => open,
    end: () => {
      open = false;
      client.end();
    },
    commands: () => commands,
    async exec(command) {
      const process = await execute(client, target, command, answerMs);
      commands += 1;
      void process.closed.then(() => (commands -= 1));
      return process;
    },
    forward: (host, port) =>
      openChannel(
        answerMs,
        (done) => client.forwardOut('127.0.0.1', 0, host, port, done),
        (channel) => channel,
      ).catch((error: unknown) => {
        throw open
          ? forwardRefused(target, error)
          : notSent('connection_lost', target, `The SSH connection to ${target.host} was just lost.`);
      }),
  };
}

async function execute(client: SshClient, target: SshTarget, command: string, answerMs: number): Promise<RemoteProcess> {
  let sent = false;
  // ssh2 reads `env` once the channel is open and right before it writes the request: the only moment that tells "never sent" from
  // "sent and unanswered".
  const options = {
    get env(): undefined {
      sent = true;
      return undefined;
    },
  };
  try {
    return await openChannel(answerMs, (done) => client.exec(command, options as object, done), sshProcess);
  } catch (error) {
    if (!sent)
      throw notSent(
        isRefusal(error) ? 'channel_refused' : 'connection_lost',
        target,
        `Node ${target.node} opened no channel for the command.`,
        { cause: error },
      );
    // ssh2 reports a refusal and a lost connection in the same words, so this proves nothing.
    throw inDoubt('connection_lost', target, `Node ${target.node} did not answer the command, or refused it.`, { cause: error });
  }
}

/** True when the server answered that it opens no channel, as against not answering. */
function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'reason' in error && typeof error.reason === 'number';
}

/**
 * Waits for a channel, but not for ever; one that comes too late is closed. `take` runs before anything else that came in the same
 * packet is looked at: a quick command's end would otherwise be missed.
 */
function openChannel<T>(
  answerMs: number,
  ask: (done: (error: Error | undefined, channel: ClientChannel) => void) => void,
  take: (channel: ClientChannel) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      reject(new Error(`no answer within ${answerMs} ms`));
    }, answerMs);
    try {
      ask((error, channel) => {
        clearTimeout(timer);
        if (error) reject(error);
        else if (late) channel.close();
        else resolve(take(channel));
      });
    } catch (error) {
      clearTimeout(timer);
      reject(error instanceof Error ? error : new Error('no channel'));
    }
  });
}

function connectFailure(
  target: SshTarget,
  settings: SshSettings,
  verdict: HostKeyVerdict | undefined,
  cause: (Error & { level?: string }) | undefined,
): OperationError {
  if (verdict && verdict.kind !== 'match') return hostKeyRefused(target, verdict);
  const message = cause?.message ?? '';
  if (message.includes('parse privateKey') || message.includes('privateKey value')) {
    return notSent('key_unusable', target, 'The SSH key cannot be used: its format is unknown, or its passphrase is missing or wrong.', {
      hint: 'Check ssh.key_file and ssh.passphrase.',
      cause,
    });
  }
  if (cause?.level === 'client-authentication' || cause?.level === 'agent' || /authentication/i.test(message)) {
    return notSent('authentication_failed', target, `Node ${target.node} does not let user ${settings.user} in over SSH.`, {
      hint: "Check ssh.user and the key; the public key belongs into that user's authorized_keys on the node.",
      cause,
    });
  }
  return notSent('unreachable', target, `Node ${target.node} cannot be reached over SSH at ${target.host} port ${target.port}.`, {
    hint: 'Check ssh.host_overrides and ssh.port, and that sshd runs on the node.',
    cause,
  });
}
