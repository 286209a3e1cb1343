import type { HttpMiddleware } from './request-context.ts';

const METHODS = 'GET, POST, OPTIONS';
const REQUEST_HEADERS = 'authorization, content-type, idempotency-key, prefer, last-event-id, x-request-id';
const EXPOSED = 'location, link, retry-after, idempotency-replayed, preference-applied, x-request-id';
const PREFLIGHT_SECONDS = '600';

/** Lets pages of the configured origins read answers. `*` means any page, without credentials of the browser. */
export function cors(origins: readonly string[]): HttpMiddleware {
  const any = origins.includes('*');
  return async (context, next) => {
    const origin = context.req.header('origin');
    const allowed = origin !== undefined && (any || origins.includes(origin));
    if (allowed && context.req.method === 'OPTIONS' && context.req.header('access-control-request-method') !== undefined) {
      context.res = new Response(null, {
        status: 204,
        headers: {
          'access-control-allow-methods': METHODS,
          'access-control-allow-headers': REQUEST_HEADERS,
          'access-control-max-age': PREFLIGHT_SECONDS,
        },
      });
    } else await next();
    const { headers } = context.res;
    if (origins.length > 0 && !any) headers.append('vary', 'Origin');
    if (!allowed) return;
    headers.set('access-control-allow-origin', any ? '*' : origin);
    headers.set('access-control-expose-headers', EXPOSED);
    headers.set('cross-origin-resource-policy', 'cross-origin');
    if (!any) headers.set('access-control-allow-credentials', 'true');
  };
}
