import type { Server } from 'node:http';
import type { Socket } from 'node:net';
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
  const held = new Map<string, number>();
  let toldAt = Number.NEGATIVE_INFINITY;
  server.on('connection', (socket: Socket) => {
    if (clientAddress.isTrusted(socket.remoteAddress)) return;
    const address = clientAddress.of(socket.remoteAddress, undefined);
    const count = held.get(address) ?? 0;
    if (count >= most) {
      socket.destroy();
      if (performance.now() - toldAt < TELL_EVERY_MS) return;
      toldAt = performance.now();
      onRefused(address);
      return;
    }
    held.set(address, count + 1);
    socket.once('close', () => {
      const left = (held.get(address) ?? 1) - 1;
      if (left === 0) held.delete(address);
      else held.set(address, left);
    });
  });
}
