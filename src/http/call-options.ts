import { OperationError } from '../domain/operation-error.ts';
import type { HttpContext } from './request-context.ts';

const MAX_KEY_LENGTH = 200;
/** Longer waits are cut to this: proxies between here and the caller give up after a minute. */
const MAX_WAIT_SECONDS = 50;

/** `Prefer: wait=N` (RFC 7240), in seconds, cut to 50; undefined without it. */
export function preferredWait(context: HttpContext): number | undefined {
  const wait = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})/i.exec(context.req.header('prefer') ?? '')?.[1];
  return wait === undefined ? undefined : Math.min(MAX_WAIT_SECONDS, Number(wait));
}

/** The caller's `Idempotency-Key`. @throws OperationError `invalid_input` */
export function idempotencyKey(context: HttpContext): string | undefined {
  const key = context.req.header('idempotency-key');
  if (key === undefined) return undefined;
  if (key.length > 0 && key.length <= MAX_KEY_LENGTH && /^[\x20-\x7e]+$/.test(key)) return key;
  throw new OperationError('invalid_input', `Idempotency-Key must be 1 to ${MAX_KEY_LENGTH} printable characters.`, {
    details: { in: 'header', field: 'Idempotency-Key' },
  });
}
