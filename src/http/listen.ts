import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { getRequestListener } from '@hono/node-server';
import type { Hono } from 'hono';
import { capConnections, type ConnectionCapOptions } from './connection-cap.ts';
import { malformedResponse, refuseMalformed } from './malformed-request.ts';
import type { HttpEnv } from './request-context.ts';

export interface Listener {
  /** `http://127.0.0.1:8000`. */
  readonly url: string;
  /** Stops accepting, lets requests end for `graceMs`, then cuts the rest. */
  close(graceMs?: number): Promise<void>;
}

/** A client that takes longer than this to send its headers or its request is cut off. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** A client that takes nothing of an answer for so long is cut off. */
const STALLED_MS = 60_000;
const MAX_CONNECTIONS = 2000;
const MAX_HEADER_BYTES = 16 * 1024;
const SWEEP_MS = 25;
const CHECK_EVERY_MS = 2000;

export interface ListenOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly connectionCap?: ConnectionCapOptions;
  readonly headersTimeoutMs?: number;
  readonly stalledMs?: number;
}

/** Serves an app. @throws the listen error (EADDRINUSE, EACCES, …) */
export async function listen(app: Hono<HttpEnv>, options: ListenOptions): Promise<Listener> {
  const { headersTimeoutMs = HEADERS_TIMEOUT_MS, stalledMs = STALLED_MS, connectionCap } = options;
  // HTTP/1.0 knows no Host, and old load balancers ask so whether this server is alive.
  const answer = getRequestListener(app.fetch, { hostname: 'localhost', errorHandler: malformedResponse });
  const server = createServer(
    {
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersTimeoutMs,
      requestTimeout: REQUEST_TIMEOUT_MS,
      // Node looks for late clients this often.
      connectionsCheckingInterval: Math.min(headersTimeoutMs, CHECK_EVERY_MS),
    },
    (incoming, outgoing) => void answer(incoming, outgoing),
  );
  server.maxConnections = MAX_CONNECTIONS;
  if (connectionCap) capConnections(server, connectionCap);
  const answering = new Map<Duplex, Set<ServerResponse>>();
  server.on('clientError', (error, socket) => refuseMalformed(error, socket, answering.get(socket)));
  server.on('request', ({ socket: client }, response) => {
    const underWay = answering.get(client) ?? new Set();
    answering.set(client, underWay.add(response));
    // Silence alone is no fault: whoever waits for a job says nothing for long.
    response.setTimeout(stalledMs, () => {
      const { socket } = response;
      if (socket !== null && socket.writableLength > 0) socket.destroy();
      else socket?.setTimeout(stalledMs);
    });
    response.once('close', () => {
      underWay.delete(response);
      if (underWay.size === 0) answering.delete(client);
    });
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async close(graceMs = 5000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const deadline = performance.now() + graceMs;
      const sweep = setInterval(() => {
        if (answering.size === 0 || performance.now() > deadline) server.closeAllConnections();
        else server.closeIdleConnections();
      }, SWEEP_MS);
      await closed;
      clearInterval(sweep);
    },
  };
}
