import { Hono } from 'hono';
import type { Clock } from '../domain/clock.ts';
import { OperationError, toOperationError } from '../domain/operation-error.ts';
import { SCOPES, type Surface } from '../domain/principal.ts';
import type { Authenticator } from './authenticator.ts';
import { checkOrigin, type OriginRules } from './check-origin.ts';
import { createClientAddress } from './client-address.ts';
import { cors } from './cors.ts';
import { guard } from './guard.ts';
import { problemResponse } from './problem.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { recordRequest } from './record-request.ts';
import { Refusal } from './refusal.ts';
import type { HttpContext, HttpEnv, HttpLog, RequestRecord } from './request-context.ts';
import { createRouteTable, type RouteTable } from './route-table.ts';

export interface GuardedAppOptions {
  readonly surface: Surface;
  readonly authenticator: Authenticator;
  /** Null checks neither Host nor Origin. */
  readonly origin: OriginRules | null;
  readonly corsOrigins: readonly string[];
  readonly rateLimitPerMinute: number;
  readonly trustedProxies: readonly string[];
  /** Prefixes that are taken off the path of a request, the first that fits. */
  readonly prefixes: readonly string[];
  readonly clock: Clock;
  readonly log: HttpLog;
  readonly onRequest: (record: RequestRecord) => void;
  /** Aborted when the server stops. */
  readonly closing: AbortSignal;
  readonly isPublic: (path: string) => boolean;
}

export interface GuardedApp {
  readonly app: Hono<HttpEnv>;
  readonly routes: RouteTable;
}

const REFUSED_CREDENTIALS_PER_MINUTE = 120;

/** What every request passes, whatever it wants: identity of the request, Host and Origin, limits, authentication, errors. */
export function createGuardedApp(options: GuardedAppOptions): GuardedApp {
  const { authenticator, origin, clock, log, onRequest, closing, rateLimitPerMinute: perMinute } = options;
  const app = new Hono<HttpEnv>({ getPath: (request) => pathWithin(request, options.prefixes) });
  const routes = createRouteTable(app);
  const limiter = (turns: number) => createRateLimiter({ perMinute: turns, now: () => clock.monotonic() });

  app.use(
    recordRequest({
      clientAddress: createClientAddress(options.trustedProxies),
      onAnswer(record) {
        onRequest(record);
        const { requestId, method, route, status, durationMs, clientAddress, principalId } = record;
        log.info(
          {
            request_id: requestId,
            method,
            route,
            status,
            duration_ms: Math.round(durationMs),
            client: clientAddress,
            principal: principalId,
          },
          'request',
        );
      },
    }),
  );
  // Alive means alive: no key, no limit, whatever the name it is asked by.
  routes.get('/livez', () => Response.json({ status: 'ok' }));
  app.use(async (_context, next) => {
    if (closing.aborted) throw new Refusal(503, { detail: 'The server is stopping' }, { 'retry-after': '5', connection: 'close' });
    return next();
  });
  if (origin) app.use(checkOrigin(origin));
  if (options.corsOrigins.length > 0) app.use(cors(options.corsOrigins));
  app.use(
    guard({
      authenticator,
      surface: options.surface,
      perMinute,
      byAddress: limiter(perMinute),
      byPrincipal: limiter(perMinute),
      refusals: limiter(REFUSED_CREDENTIALS_PER_MINUTE),
      isPublic: (context) => options.isPublic(context.req.path),
    }),
  );

  app.notFound((context) => {
    const methods = routes.methodsOf(context.req.path);
    if (methods.length === 0) return Response.json({ detail: 'Not Found' }, { status: 404 });
    return Response.json({ detail: 'Method Not Allowed' }, { status: 405, headers: { allow: methods.join(', ') } });
  });
  app.onError((error, context) => answerError(error, context, options));
  return { app, routes };
}

function answerError(thrown: Error, context: HttpContext, { log, authenticator }: GuardedAppOptions): Response {
  if (thrown instanceof Refusal) return thrown.response;
  const requestId = context.get('requestId');
  const error = thrown instanceof OperationError ? thrown : toOperationError(thrown);
  if (error.code === 'internal')
    log.error({ err: error.cause ?? error, request_id: requestId, route: context.get('route') }, 'request failed');
  const response = problemResponse(error, requestId);
  const needed = SCOPES.find((scope) => scope === error.details['needed_scope']);
  const challenge = needed === undefined ? null : authenticator.scopeChallenge(context.get('identity'), needed);
  if (challenge !== null) response.headers.set('www-authenticate', challenge);
  return response;
}

function pathWithin(request: Request, prefixes: readonly string[]): string {
  const { url } = request;
  const start = url.indexOf('/', url.indexOf('://') + 3);
  const end = url.search(/[?#]/);
  const path = start < 0 || (end >= 0 && end < start) ? '/' : url.slice(start, end < 0 ? undefined : end);
  for (const prefix of prefixes) {
    if (prefix !== '' && path === prefix) return '/';
    if (prefix !== '' && path.startsWith(`${prefix}/`)) return path.slice(prefix.length);
  }
  return path;
}
