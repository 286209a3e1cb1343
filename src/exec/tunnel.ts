import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Clock } from '../domain/clock.ts';
import { systemClock } from '../domain/clock.ts';
import { OperationError, toOperationError } from '../domain/operation-error.ts';
import { notSent } from './ssh-failure.ts';
import type { SshSettingsInput, SshTarget } from './ssh-settings.ts';
import { completeSshSettings, isHostName, isPort } from './ssh-settings.ts';
import { builtInCarrier, isForwardRefused, systemCarrier } from './tunnel-carrier.ts';
import type { TunnelCarrier } from './tunnel-carrier.ts';

export interface TunnelOptions {
  /** Name, address or (with the system's client) alias of the SSH server. */
  readonly sshHost: string;
  /** The Proxmox API as that server sees it. */
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly clock?: Clock;
}

/** A listener of our own on loopback. What answers behind it still has to prove its certificate. */
export interface Tunnel {
  readonly host: '127.0.0.1';
  readonly port: number;
  /** Why the last connection could not be carried; undefined once one was. */
  lastError(): OperationError | undefined;
  close(): Promise<void>;
}

const BACKOFF_MS = [0, 250, 500, 1000, 2000, 4000, 8000, 15_000];
const MAX_CONNECTIONS = 128;

/**
 * Opens a tunnel to the Proxmox API through SSH. The port is chosen by the kernel and listened on by this process alone; each
 * connection to it is carried by itself, and a lost SSH connection is made again, later and later while it fails.
 * @throws OperationError when the SSH side does not work
 */
export async function openTunnel(given: SshSettingsInput, options: TunnelOptions): Promise<Tunnel> {
  const settings = completeSshSettings(given);
  const { sshHost, remoteHost, remotePort, clock = systemClock } = options;
  if (!isHostName(sshHost) || !isHostName(remoteHost) || !isPort(remotePort)) {
    throw new OperationError('invalid_input', 'The API tunnel needs an SSH host, a remote host and a remote port.', {
      details: { field: 'api_tunnel', sent: false },
    });
  }
  const override = Object.hasOwn(settings.hostOverrides, sshHost) ? settings.hostOverrides[sshHost] : undefined;
  const target: SshTarget = { node: sshHost, host: override ?? sshHost, port: settings.port };
  const end = { host: remoteHost, port: remotePort };
  const carrier = settings.preferSshClient ? systemCarrier(settings, target, end, clock) : builtInCarrier(settings, target, end);
  try {
    await carrier.probe();
  } catch (error) {
    carrier.close();
    throw error;
  }
  return listen(carrier, target, clock);
}

async function listen(carrier: TunnelCarrier, target: SshTarget, clock: Clock): Promise<Tunnel> {
  const sockets = new Set<Socket>();
  let failures = 0;
  let notBefore = 0;
  let lastError: OperationError | undefined;

  const failed = (error: unknown): void => {
    lastError = toOperationError(error);
    // Connections that fail together count as one.
    if (isForwardRefused(lastError) || clock.monotonic() < notBefore) return;
    failures += 1;
    notBefore = clock.monotonic() + (BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? 0);
  };
  const carry = async (socket: Socket): Promise<void> => {
    if (clock.monotonic() < notBefore) {
      throw lastError ?? notSent('unreachable', target, `The SSH connection to ${target.host} is being made again.`);
    }
    const stream = await carrier
      .open((error) => {
        failed(error);
        socket.resetAndDestroy();
      })
      .catch((error: unknown) => {
        failed(error);
        throw error;
      });
    stream.once('data', () => {
      failures = 0;
      lastError = undefined;
    });
    join(socket, stream);
  };

  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
    carry(socket).catch(() => socket.resetAndDestroy());
  });
  server.maxConnections = MAX_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    // Also later, when connections cannot be accepted for a while; nobody waits for it then.
    server.on('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    lastError: () => lastError,
    async close() {
      const ended = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      carrier.close();
      await ended;
    },
  };
}

function join(socket: Socket, stream: Duplex): void {
  if (socket.destroyed) return void stream.destroy();
  stream.on('error', () => socket.destroy());
  stream.once('close', () => socket.destroySoon());
  socket.once('close', () => stream.destroy());
  stream.pipe(socket);
  socket.pipe(stream);
}
