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

/** Serves one web-standard request of MCP. */
export type McpFetch = (request: Request, options: { authInfo: McpAuthentication }) => Promise<Response>;

const DAY_SECONDS = 86_400;

/** MCP over Streamable HTTP at `/mcp`, for callers that the guard has let in. */
export function addMcpRoute(app: Hono<HttpEnv>, mcp: McpFetch, now: () => Date): void {
  app.all('/mcp', (context: HttpContext) => {
    context.set('route', '/mcp');
    const identity = context.get('identity');
    const principal = principalOn('mcp-http', identity);
    context.set('principal', principal);
    const expiresAt = identity.expiresAt === null ? now().getTime() / 1000 + DAY_SECONDS : identity.expiresAt.getTime() / 1000;
    return mcp(context.req.raw, {
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
