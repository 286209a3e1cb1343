import type { Hono } from 'hono';
import { createGuardedApp, type GuardedAppOptions } from './create-guarded-app.ts';
import { addMcpRoute, type McpFetch, type McpRouteOptions } from './mcp-route.ts';
import type { HttpEnv } from './request-context.ts';
import { addResourceMetadata, isResourceMetadata, type ResourceMetadataOptions } from './resource-metadata.ts';

export interface McpAppOptions extends Omit<GuardedAppOptions, 'surface' | 'prefixes' | 'isPublic' | 'corsOrigins'> {
  readonly mcp: McpFetch;
  readonly dispatcher: McpRouteOptions['dispatcher'];
  /** Null without an authorization server. */
  readonly resource: ResourceMetadataOptions | null;
}

/** MCP on a port of its own, guarded as everything else over HTTP. */
export function createMcpApp(options: McpAppOptions): Hono<HttpEnv> {
  const { app, routes } = createGuardedApp({
    ...options,
    surface: 'mcp-http',
    prefixes: [],
    corsOrigins: [],
    isPublic: isResourceMetadata,
  });
  if (options.resource) addResourceMetadata(routes, options.resource);
  addMcpRoute(app, { mcp: options.mcp, dispatcher: options.dispatcher, now: () => options.clock.now() });
  return app;
}
