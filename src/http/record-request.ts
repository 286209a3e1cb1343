import { randomUUID } from 'node:crypto';
import type { ClientAddress } from './client-address.ts';
import type { HttpMiddleware, RequestRecord } from './request-context.ts';

export interface RecordOptions {
  readonly clientAddress: ClientAddress;
  /** Told of every answer. */
  readonly onAnswer: (record: RequestRecord) => void;
}

const REQUEST_ID = /^[\w.:-]{1,64}$/;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** Answers are data for programs: nothing in them is to be rendered, framed, sniffed or kept. */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-store',
};

/**
 * Gives a request its id (the caller's own where it is harmless) and its client's address, and its answer the security
 * headers. The query never reaches a log: callers put secrets there by mistake.
 */
export function recordRequest({ clientAddress, onAnswer }: RecordOptions): HttpMiddleware {
  return async (context, next) => {
    const startedAt = performance.now();
    const given = context.req.header('x-request-id') ?? '';
    const requestId = REQUEST_ID.test(given) ? given : randomUUID();
    const address = clientAddress.of(context.env?.incoming?.socket.remoteAddress, context.req.header('x-forwarded-for'));
    context.set('requestId', requestId);
    context.set('clientAddress', address);
    context.set('route', 'unmatched');
    await next();
    const { headers, status } = context.res;
    headers.set('x-request-id', requestId);
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!headers.has(name)) headers.set(name, value);
    onAnswer({
      requestId,
      method: METHODS.has(context.req.method) ? context.req.method : 'OTHER',
      route: context.get('route'),
      status,
      durationMs: performance.now() - startedAt,
      clientAddress: address,
      principalId: (context.get('principal') as { id: string } | undefined)?.id ?? null,
    });
  };
}
