import { Duplex } from 'node:stream';
import type { Clock } from '../domain/clock.ts';
import type { OperationError } from '../domain/operation-error.ts';
import { connectSsh } from './ssh-connection.ts';
import type { SshConnection } from './ssh-connection.ts';
import { notSent } from './ssh-failure.ts';
import type { SshSettings, SshTarget } from './ssh-settings.ts';
import { spawnSystemSsh } from './system-ssh.ts';

/** Where a tunnel ends, as the SSH server sees it. */
export interface TunnelEnd {
  readonly host: string;
  readonly port: number;
}

/** Opens streams to the far end of a tunnel. */
export interface TunnelCarrier {
  /** Proves that the SSH side works. */
  probe(): Promise<void>;
  /** @throws OperationError when the SSH side or the far end does not answer */
  open(onBroken: (error: OperationError) => void): Promise<Duplex>;
  close(): void;
}

/** One shared connection of the built-in client, made again when it is lost. */
export function builtInCarrier(settings: SshSettings, target: SshTarget, end: TunnelEnd): TunnelCarrier {
  let current: Promise<SshConnection> | undefined;
  let closed = false;
  const connection = (): Promise<SshConnection> => {
    if (current) return current;
    const attempt = connectSsh(settings, target);
    current = attempt;
    const forget = (): void => {
      if (current === attempt) current = undefined;
    };
    attempt.then((made) => {
      if (closed) made.end();
      void made.closed.then(forget);
    }, forget);
    return attempt;
  };
  return {
    async probe() {
      const channel = await (await connection()).forward(end.host, end.port);
      channel.close();
    },
    async open() {
      const made = await connection();
      if (!made.isOpen()) throw notSent('connection_lost', target, `The SSH connection to ${target.host} was just lost.`);
      return made.forward(end.host, end.port);
    },
    close() {
      closed = true;
      void current?.then(
        (made) => made.end(),
        () => {},
      );
    },
  };
}

/** One run of the system's client for each stream; it ends with us, however we end. */
export function systemCarrier(settings: SshSettings, target: SshTarget, end: TunnelEnd, clock: Clock): TunnelCarrier {
  const running = new Set<Duplex>();
  const start = async (onBroken: (error: OperationError) => void): Promise<{ stream: Duplex; authenticated: () => Promise<boolean> }> => {
    const ssh = await spawnSystemSsh(settings, target, { forward: end });
    ssh.stderr.resume();
    const stream = Duplex.from({ readable: ssh.stdout, writable: ssh.stdin });
    stream.on('error', () => {});
    running.add(stream);
    void ssh.ended.then((how) => {
      running.delete(stream);
      if (how.kind === 'never-sent' && (!how.letIn || isForwardRefused(how.error))) onBroken(how.error);
      stream.destroy();
    });
    stream.once('close', () => ssh.abandon());
    return { stream, authenticated: ssh.isAuthenticated };
  };
  return {
    async probe() {
      let broken: OperationError | undefined;
      const { stream, authenticated } = await start((error) => (broken = error));
      const deadline = clock.monotonic() + settings.connectTimeoutSeconds * 1000;
      while (!(await authenticated())) {
        if (broken) throw broken;
        if (clock.monotonic() > deadline) {
          stream.destroy();
          throw notSent(
            'unreachable',
            target,
            `The SSH server ${target.host} did not let us in within ${settings.connectTimeoutSeconds} seconds.`,
          );
        }
        await clock.sleep(25);
      }
      stream.destroy();
    },
    open: async (onBroken) => (await start(onBroken)).stream,
    close() {
      for (const stream of running) stream.destroy();
    },
  };
}

/** True when the fault lies behind the SSH server, so that connecting to it later is no remedy. */
export function isForwardRefused(error: OperationError): boolean {
  return error.details['reason'] === 'forward_refused';
}
