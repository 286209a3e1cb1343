import { createHash, timingSafeEqual } from 'node:crypto';
import { Hono } from 'hono';
import { checkOrigin, type OriginRules } from './check-origin.ts';

/** Serves one web-standard request, as the MCP handler does. */
type FetchHandler = (request: Request) => Promise<Response>;

export interface McpAppOptions {
  readonly mcp: FetchHandler;
  /** Null switches the checks off (`mcp.dns_rebinding_protection: false`). */
  readonly origin: OriginRules | null;
  /** Bearer key that every request must show; null on loopback without one. */
  readonly apiKey: string | null;
}

/** MCP over Streamable HTTP at `/mcp`, behind the checks that the protocol handler does not make itself. */
export function createMcpApp({ mcp, origin, apiKey }: McpAppOptions): Hono {
  const app = new Hono();
  app.get('/livez', (context) => context.json({ status: 'ok' }));
  if (origin) app.use('*', checkOrigin(origin));
  app.all('/mcp', async (context) => {
    if (apiKey !== null && !showsKey(context.req.header('authorization'), apiKey)) {
      return context.json({ error: 'A valid API key is required.' }, 401, { 'www-authenticate': 'Bearer' });
    }
    return mcp(context.req.raw);
  });
  app.notFound((context) => context.json({ error: 'Nothing is served here. MCP is at /mcp.' }, 404));
  return app;
}

function showsKey(header: string | undefined, apiKey: string): boolean {
  const shown = /^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? '';
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(shown), digest(apiKey));
}
