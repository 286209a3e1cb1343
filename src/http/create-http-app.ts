import type { Hono } from 'hono';
import type { Approvals } from '../dispatch/approvals.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { createGuardedApp, type GuardedAppOptions } from './create-guarded-app.ts';
import { addDocsRoutes } from './docs-routes.ts';
import type { EventFeed } from './event-feed.ts';
import { FULL_KEY, principalOn } from './identity.ts';
import { addEventRoutes } from './event-routes.ts';
import { addJobRoutes } from './job-routes.ts';
import { addMcpRoute, type McpFetch } from './mcp-route.ts';
import type { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi-document.ts';
import { addOperationRoutes } from './operation-routes.ts';
import { addProbeRoutes } from './probe-routes.ts';
import type { CheckReadiness } from './readiness.ts';
import type { HttpEnv } from './request-context.ts';
import { requireScope } from './require-scope.ts';
import { addResourceMetadata, isResourceMetadata, type ResourceMetadataOptions } from './resource-metadata.ts';

export interface HttpAppOptions extends Omit<GuardedAppOptions, 'surface' | 'prefixes' | 'isPublic' | 'onRequest'> {
  readonly dispatcher: Dispatcher;
  readonly jobs: Jobs;
  /** Takes a person's answer to a job that asks. */
  readonly decide: Approvals['decide'];
  readonly feed: EventFeed;
  readonly metrics: Metrics;
  readonly checkReadiness: CheckReadiness;
  readonly version: string;
  /** The service lies below this path: empty, or `/proxmox`. */
  readonly pathPrefix: string;
  /** What a reverse proxy takes off before it passes a request on: empty, or `/api`. */
  readonly rootPath: string;
  /** True shows the document and its page to everybody. */
  readonly publicDocs: boolean;
  readonly securityWarnings: readonly string[];
  /** Null without MCP on this port. */
  readonly mcp: McpFetch | null;
  /** Null without an authorization server. */
  readonly resource: ResourceMetadataOptions | null;
}

/** The whole HTTP service as one web-standard app. */
export function createHttpApp(options: HttpAppOptions): Hono<HttpEnv> {
  const { dispatcher, metrics, clock, closing, version, authenticator, rootPath, pathPrefix, publicDocs } = options;
  const publicPath = `${rootPath}${pathPrefix}`;
  const { app, routes } = createGuardedApp({
    ...options,
    surface: 'http',
    prefixes: [publicPath, pathPrefix],
    onRequest: (record) => metrics.onRequest(record),
    isPublic: (path) => isResourceMetadata(path) || (publicDocs && /^\/(?:$|docs(?:\/|$)|redoc$|openapi\.json$)/.test(path)),
  });

  routes.get('/', () =>
    Response.json({
      name: 'ProxmoxMCP-Plus',
      status: 'ok',
      version,
      ...Object.fromEntries(
        ['docs', 'health', 'livez', 'readyz', 'metrics', 'jobs', 'events'].map((name) => [name, `${publicPath}/${name}`]),
      ),
      openapi: `${publicPath}/openapi.json`,
    }),
  );
  addProbeRoutes(routes, {
    ...options,
    now: () => clock.monotonic(),
    isAuthRequired: authenticator.isRequired,
    perMinute: options.rateLimitPerMinute,
  });
  routes.get('/metrics', async (context) => {
    requireScope(context, 'read');
    return new Response(await metrics.render(), { headers: { 'content-type': metrics.contentType } });
  });
  // Equal lists of operations are one list, so there are as many documents as kinds of callers.
  const documents = new WeakMap<readonly RegisteredOperation[], string>();
  routes.get('/openapi.json', (context) => {
    // Where everybody may read it, it shows what the policy can allow to anybody.
    const operations = dispatcher.offeredTo(context.get('principal') ?? principalOn('http', FULL_KEY));
    const document =
      documents.get(operations) ??
      JSON.stringify(
        openApiDocument({
          operations,
          version,
          serverUrl: publicPath === '' ? '/' : publicPath,
          isAuthRequired: authenticator.isRequired,
          hasTokens: authenticator.hasTokens,
        }),
      );
    documents.set(operations, document);
    return new Response(document, { headers: { 'content-type': 'application/json' } });
  });
  addDocsRoutes(routes, publicPath);
  addEventRoutes(routes, options);
  addJobRoutes(routes, { ...options, publicPath });
  addOperationRoutes(routes, { dispatcher, publicPath, closing });
  if (options.resource) addResourceMetadata(routes, options.resource);
  if (options.mcp) addMcpRoute(app, { mcp: options.mcp, dispatcher, now: () => clock.now() });
  return app;
}
