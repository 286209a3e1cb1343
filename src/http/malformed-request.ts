import { STATUS_CODES, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { RequestError } from '@hono/node-server';
import { SECURITY_HEADERS } from './security-headers.ts';

const STATUS_OF: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};
const DETAILS: Readonly<Record<number, string>> = {
  400: 'The request is not HTTP that can be understood',
  408: 'The request did not arrive in time',
  413: 'The extensions of a chunk are too large',
  431: 'The headers are too large',
  500: 'The server failed',
};

/** The answer to a request whose target or Host makes no URL, before there is a request that routes could see. */
export function malformedResponse(error: unknown): Response {
  const status = error instanceof RequestError ? 400 : 500;
  return new Response(bodyOf(status), { status, headers: { ...Object.fromEntries(SECURITY_HEADERS), 'content-type': 'application/json' } });
}

/**
 * Ends a connection on which something came that is no HTTP, or came too slowly. Says why, unless a request before it is being
 * answered: its sender would take the words for a part of the answer, or for an answer that says that nothing was done.
 */
export function refuseMalformed(
  error: Error & { readonly code?: string },
  socket: Duplex,
  underWay: ReadonlySet<ServerResponse> = new Set(),
): void {
  const [only] = underWay;
  const isAnswering = underWay.size > 1 || only?.headersSent === true || only?.req.complete === true;
  if (error.code === 'ECONNRESET' || !socket.writable || isAnswering) return void socket.destroy();
  const status = STATUS_OF[error.code ?? ''] ?? 400;
  const body = bodyOf(status);
  const headers = [...SECURITY_HEADERS, ['content-type', 'application/json'], ['content-length', body.length], ['connection', 'close']];
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`,
  );
  // Nothing more is wanted of it, however long it goes on.
  socket.once('finish', () => socket.destroy());
}

function bodyOf(status: number): string {
  return JSON.stringify({ detail: DETAILS[status] });
}
