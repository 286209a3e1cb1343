import { randomUUID } from 'node:crypto';
import type { ClientAddress } from './client-address.ts';
import type { HttpMiddleware, RequestRecord } from './request-context.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

export interface RecordOptions {
  readonly clientAddress: ClientAddress;
  /** Told of every answer. */
  readonly onAnswer: (record: RequestRecord) => void;
}

const REQUEST_ID = /^[\w.:-]{1,64}$/;
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/**
 * Gives a request its id (the caller's own where it is harmless) and its client's address, and its answer the security
 * headers, where it does not say otherwise itself. The query never reaches a log: callers put secrets there by mistake.
 */
export function recordRequest({ clientAddress, onAnswer }: RecordOptions): HttpMiddleware {
  return async (context, next) => {
    const startedAt = performance.now();
    const given = context.req.header('x-request-id') ?? '';
    const requestId = REQUEST_ID.test(given) ? given : randomUUID();
    const { incoming, outgoing } = context.env ?? {};
    const address = clientAddress.of(incoming?.socket.remoteAddress, context.req.header('x-forwarded-for'));
    context.set('requestId', requestId);
    context.set('clientAddress', address);
    context.set('route', 'unmatched');
    const headers = [['x-request-id', requestId] as const, ...SECURITY_HEADERS];
    // Node takes them without a Headers object for each answer, which would cost more than the rest of the door.
    if (outgoing) for (const [name, value] of headers) outgoing.setHeader(name, value);
    await next();
    const { res } = context;
    if (!outgoing) for (const [name, value] of headers) if (!res.headers.has(name)) res.headers.set(name, value);
    onAnswer({
      requestId,
      method: METHODS.has(context.req.method) ? context.req.method : 'OTHER',
      route: context.get('route'),
      status: res.status,
      durationMs: performance.now() - startedAt,
      clientAddress: address,
      principalId: (context.get('principal') as { id: string } | undefined)?.id ?? null,
    });
  };
}
