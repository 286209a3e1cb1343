import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serve, type ServerType } from '@hono/node-server';
import type { Hono } from 'hono';
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
  readonly headersTimeoutMs?: number;
  readonly stalledMs?: number;
}

/** Serves an app. @throws the listen error (EADDRINUSE, EACCES, …) */
export async function listen(app: Hono<HttpEnv>, options: ListenOptions): Promise<Listener> {
  const { headersTimeoutMs = HEADERS_TIMEOUT_MS, stalledMs = STALLED_MS } = options;
  let open = 0;
  const server: ServerType = await new Promise((resolve, reject) => {
    const starting = serve(
      {
        fetch: app.fetch,
        hostname: options.host,
        port: options.port,
        serverOptions: {
          maxHeaderSize: MAX_HEADER_BYTES,
          headersTimeout: headersTimeoutMs,
          requestTimeout: REQUEST_TIMEOUT_MS,
          // Node looks for late clients this often.
          connectionsCheckingInterval: Math.min(headersTimeoutMs, CHECK_EVERY_MS),
        },
      },
      () => {
        starting.off('error', reject);
        resolve(starting);
      },
    );
    starting.once('error', reject);
  });
  if ('maxConnections' in server) server.maxConnections = MAX_CONNECTIONS;
  server.on('request', (_request: IncomingMessage, response: ServerResponse) => {
    open += 1;
    // Silence alone is no fault: whoever waits for a job says nothing for long.
    response.setTimeout(stalledMs, () => {
      const { socket } = response;
      if (socket !== null && socket.writableLength > 0) socket.destroy();
      else socket?.setTimeout(stalledMs);
    });
    response.once('close', () => {
      open -= 1;
    });
  });
  const { address, port, family } = server.address() as AddressInfo;
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async close(graceMs = 5000) {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      const deadline = performance.now() + graceMs;
      const sweep = setInterval(() => {
        if (!('closeAllConnections' in server)) return;
        if (open === 0 || performance.now() > deadline) server.closeAllConnections();
        else server.closeIdleConnections();
      }, SWEEP_MS);
      await closed;
      clearInterval(sweep);
    },
  };
}
