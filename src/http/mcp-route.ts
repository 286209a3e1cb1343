import type { Hono } from 'hono';
import { hasScope, type Principal, type Scope } from '../domain/principal.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import { scopeOf } from '../dispatch/scope-of.ts';
import { principalOn } from './identity.ts';
import { operationCalledBy } from './operation-called-by.ts';
import { bodyTooLarge, MAX_BODY_BYTES } from './read-body.ts';
import type { HttpContext, HttpEnv } from './request-context.ts';

/** What the protocol handler is told about a caller that was let in. */
export interface McpAuthentication {
  /** Never the credential itself. */
  readonly token: string;
  readonly clientId: string;
  readonly scopes: Scope[];
  /** Seconds since the epoch; handlers refuse calls without one. */
  readonly expiresAt: number;
  /** `principal` of this product. */
  readonly extra: Record<string, unknown>;
}

/** Serves one web-standard request of MCP, whose body may have been read and parsed already. */
export type McpFetch = (request: Request, options: { authInfo: McpAuthentication; parsedBody?: unknown }) => Promise<Response>;

export interface McpRouteOptions {
  readonly mcp: McpFetch;
  readonly dispatcher: Pick<Dispatcher, 'operations' | 'call'>;
  readonly now: () => Date;
}

const DAY_SECONDS = 86_400;
/** Longer bodies are left to the handler, which reads them bit by bit. */
const MAX_READ_AHEAD_BYTES = 256 * 1024;

/** MCP over Streamable HTTP at `/mcp`, for callers that the guard has let in. */
export function addMcpRoute(app: Hono<HttpEnv>, { mcp, dispatcher, now }: McpRouteOptions): void {
  const scopes = new Map(dispatcher.operations.map((registered) => [registered.operation.name, scopeOf(registered)]));

  /**
   * Turns away whose token lacks the scope of the operation that a message calls, with a status that makes its client ask for more.
   * Everybody else hears of it from the tool, as keys cannot be widened by asking.
   * @throws OperationError `denied`
   */
  async function refuseNarrowToken(context: HttpContext, principal: Principal, message: unknown): Promise<void> {
    if (principal.kind !== 'oauth') return;
    const operation = operationCalledBy(message);
    const needed = scopes.get(operation);
    if (needed === undefined || hasScope(principal, needed)) return;
    // The one door refuses it, and records that it did; it looks at the scope before anything else.
    await dispatcher.call({ operation, arguments: {}, principal, requestId: context.get('requestId') });
  }

  app.all('/mcp', async (context: HttpContext) => {
    context.set('route', '/mcp');
    const identity = context.get('identity');
    const principal = principalOn('mcp-http', identity);
    context.set('principal', principal);
    const expiresAt = identity.expiresAt === null ? now().getTime() / 1000 + DAY_SECONDS : identity.expiresAt.getTime() / 1000;
    const { request, parsedBody } = await bodyRead(context.req.raw);
    await refuseNarrowToken(context, principal, parsedBody);
    return mcp(request, {
      ...(parsedBody === undefined ? {} : { parsedBody }),
      authInfo: {
        token: 'withheld',
        clientId: identity.id,
        scopes: [...identity.scopes],
        expiresAt: Math.floor(expiresAt),
        extra: { principal },
      },
    });
  });
}

/** Reads an ordinary body once, and ahead of the handler, which would read a copy and parse it twice. @throws Refusal 413 */
async function bodyRead(request: Request): Promise<{ readonly request: Request; readonly parsedBody?: unknown }> {
  const { method, url, headers, signal } = request;
  const length = Number(headers.get('content-length') ?? Number.NaN);
  // The handler would refuse it too, but drop what is still coming, and with it a connection that the client goes on using.
  if (length > MAX_BODY_BYTES) throw bodyTooLarge();
  const isJson = /^application\/json *(?:;|$)/i.test(headers.get('content-type') ?? '');
  if (method !== 'POST' || !isJson || !(length <= MAX_READ_AHEAD_BYTES)) return { request };
  const text = await request.text();
  try {
    return { request, parsedBody: JSON.parse(text) as unknown };
  } catch {
    return { request: new Request(url, { method, headers, signal, body: text }) };
  }
}
