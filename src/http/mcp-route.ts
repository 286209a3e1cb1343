import type { Hono } from 'hono';
import type { Scope } from '../domain/principal.ts';
import { principalOn } from './identity.ts';
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

const DAY_SECONDS = 86_400;
/** Longer bodies are left to the handler, which bounds and refuses them. */
const MAX_READ_AHEAD_BYTES = 256 * 1024;

/** MCP over Streamable HTTP at `/mcp`, for callers that the guard has let in. */
export function addMcpRoute(app: Hono<HttpEnv>, mcp: McpFetch, now: () => Date): void {
  app.all('/mcp', async (context: HttpContext) => {
    context.set('route', '/mcp');
    const identity = context.get('identity');
    const principal = principalOn('mcp-http', identity);
    context.set('principal', principal);
    const expiresAt = identity.expiresAt === null ? now().getTime() / 1000 + DAY_SECONDS : identity.expiresAt.getTime() / 1000;
    const { request, parsedBody } = await bodyRead(context.req.raw);
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

/** Reads an ordinary body once, and ahead of the handler, which would read a copy and parse it twice. */
async function bodyRead(request: Request): Promise<{ readonly request: Request; readonly parsedBody?: unknown }> {
  const { method, url, headers, signal } = request;
  const length = Number(headers.get('content-length') ?? Number.NaN);
  const isJson = /^application\/json *(?:;|$)/i.test(headers.get('content-type') ?? '');
  if (method !== 'POST' || !isJson || !(length <= MAX_READ_AHEAD_BYTES)) return { request };
  const text = await request.text();
  try {
    return { request, parsedBody: JSON.parse(text) as unknown };
  } catch {
    return { request: new Request(url, { method, headers, signal, body: text }) };
  }
}
