import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { createTally } from '../domain/tally.ts';
import type { ClientAddress } from './client-address.ts';

export interface ConnectionCapOptions {
  /** Connections that one address may hold at once; 0 without limit. */
  readonly most: number;
  /** Trusted proxies are left alone: through them come many clients, and they are limited by what they ask. */
  readonly clientAddress: ClientAddress;
  /** Told of the first refused connection, and then at most once a minute. */
  readonly onRefused: (address: string) => void;
}

const TELL_EVERY_MS = 60_000;

/** Keeps one client from taking all connections. Whoever holds as many as it may is cut off before anything is read of it. */
export function capConnections(server: Pick<Server, 'on'>, { most, clientAddress, onRefused }: ConnectionCapOptions): void {
  if (most <= 0) return;
  const held = createTally();
  let toldAt = Number.NEGATIVE_INFINITY;
  server.on('connection', (socket: Socket) => {
    if (clientAddress.isTrusted(socket.remoteAddress)) return;
    const address = clientAddress.of(socket.remoteAddress, undefined);
    if (held.of(address) >= most) {
      socket.destroy();
      if (performance.now() - toldAt < TELL_EVERY_MS) return;
      toldAt = performance.now();
      onRefused(address);
      return;
    }
    held.add(address);
    socket.once('close', () => held.remove(address));
  });
}
