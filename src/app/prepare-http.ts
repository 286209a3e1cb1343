import type { McpServerFactory } from '@modelcontextprotocol/server';
import type { Hono } from 'hono';
import { systemClock, type Clock } from '../domain/clock.ts';
import type { Environment } from '../domain/environment.ts';
import { isLoopback } from '../domain/loopback.ts';
import type { Principal } from '../domain/principal.ts';
import { sharedReading } from '../domain/shared-reading.ts';
import { principalOn, type Identity } from '../http/identity.ts';
import type { McpFetch } from '../http/mcp-route.ts';
import { MAX_BODY_BYTES } from '../http/read-body.ts';
import type { HttpEnv } from '../http/request-context.ts';
import { changedResources } from '../mcp/changed-resources.ts';
import { createServeCall } from '../mcp/serve-call.ts';
import type { Product } from './compose.ts';
import type { Config } from './config-schema.ts';
import { countedDispatcher } from './counted-dispatcher.ts';
import { authenticationOf, securityWarnings } from './http-authentication.ts';
import type { Logger } from './logging.ts';
import { VERSION } from './version.ts';

/** Which doors are opened. */
export interface HttpDoors {
  /** OpenAPI on `http.port`. */
  readonly rest: boolean;
  /** MCP at `/mcp`: on the same port, or on `mcp.port`. */
  readonly mcp: 'off' | 'same-port' | 'own-port';
}

/** Makes the MCP server of one request; `authenticated` is what the door says of the caller. */
export type McpFactoryOf = (product: Product, logger: Logger, principalOf: (authenticated: unknown) => Principal) => McpServerFactory;

/** What is served over HTTP, and how. */
export interface HttpOptions {
  readonly product: Product;
  readonly logger: Logger;
  readonly config: Config;
  readonly environment: Environment;
  readonly doors: HttpDoors;
  readonly makeMcp: McpFactoryOf;
  readonly clock?: Clock;
}

/** The apps of the opened doors, not listening yet. */
export interface PreparedHttp {
  readonly rest: Hono<HttpEnv> | null;
  readonly mcp: Hono<HttpEnv> | null;
  /** Ends event streams and turns new requests away. */
  stop(): Promise<void>;
  /** Call `stop` first. */
  close(): Promise<void>;
}

/** Probes that come faster are told the same again, and cost Proxmox nothing. */
const PROBED_EVERY_MS = 3000;
/** Whoever comes without having passed the door: nothing is allowed. */
const NOBODY: Identity = { kind: 'key', id: 'nobody', scopes: [], expiresAt: null };

/** @throws Error when a door would be open to everybody without the operator having said so */
export async function prepareHttp(options: HttpOptions): Promise<PreparedHttp> {
  const { product, logger, config, environment, doors, makeMcp, clock = systemClock } = options;
  const { http, mcp } = config;
  const { secrets } = product;
  const rest = doors.rest ? await authenticationOf(config, environment, { host: http.host, door: 'rest', clock, secrets }) : null;
  const own =
    doors.mcp === 'own-port' ? await authenticationOf(config, environment, { host: mcp.host, door: 'mcp', clock, secrets }) : null;
  const [{ createHttpApp }, { createMcpApp }, { createMetrics }, { createEventFeed }, { createWebhooks }] = await Promise.all([
    import('../http/create-http-app.ts'),
    import('../http/create-mcp-app.ts'),
    import('../http/metrics.ts'),
    import('../http/event-feed.ts'),
    import('../http/webhooks.ts'),
  ]);

  const warnings = rest ? securityWarnings(config, rest.authenticator.isRequired) : [];
  for (const warning of warnings) logger.warn(warning);
  const metrics = await createMetrics(product.jobs);
  const stopObserving = product.onProxmoxRequest((request) => metrics.onProxmoxRequest(request));
  const dispatcher = countedDispatcher(product.dispatcher, (record) => metrics.onCall(record));
  const feed = createEventFeed(product.jobs);
  const webhooks = createWebhooks({ webhooks: config.webhooks, jobs: product.jobs, clock, log: logger });
  const closing = new AbortController();
  const handler = doors.mcp === 'off' ? null : await mcpHandler({ ...product, dispatcher }, logger, makeMcp);
  const shared = {
    clock,
    log: logger,
    closing: closing.signal,
    rateLimitPerMinute: http.rate_limit_rpm,
    trustedProxies: http.trusted_proxies,
  };

  return {
    rest:
      rest &&
      createHttpApp({
        ...shared,
        ...rest,
        dispatcher,
        jobs: product.jobs,
        decide: (jobId, principal, decision) => product.approvals.decide(jobId, principal, decision),
        feed,
        metrics,
        checkReadiness: sharedReading(product.checkReadiness, clock, PROBED_EVERY_MS),
        version: VERSION,
        pathPrefix: http.path_prefix,
        rootPath: http.root_path,
        publicDocs: http.public_docs,
        corsOrigins: http.cors_allow_origins,
        securityWarnings: warnings,
        mcp: doors.mcp === 'same-port' ? (handler?.fetch ?? null) : null,
        origin: {
          listenHost: http.host,
          allowedHosts: http.allowed_hosts,
          allowedOrigins: http.cors_allow_origins,
          // A key keeps strangers out whatever name they use, and in containers and behind proxies the names are not known.
          checkHost: http.allowed_hosts.length > 0 || !rest.authenticator.isRequired || isLoopback(http.host),
          settings: { hosts: 'http.allowed_hosts (API_ALLOWED_HOSTS)', origins: 'http.cors_allow_origins (MCPO_CORS_ALLOW_ORIGINS)' },
        },
      }),
    mcp:
      own &&
      handler &&
      createMcpApp({
        ...shared,
        ...own,
        mcp: handler.fetch,
        dispatcher,
        onRequest: (record) => metrics.onRequest(record),
        origin:
          mcp.dns_rebinding_protection === false
            ? null
            : {
                listenHost: mcp.host,
                allowedHosts: mcp.allowed_hosts,
                allowedOrigins: mcp.allowed_origins,
                checkHost:
                  mcp.dns_rebinding_protection === true ||
                  mcp.allowed_hosts.length > 0 ||
                  !own.authenticator.isRequired ||
                  isLoopback(mcp.host),
              },
      }),
    async stop() {
      closing.abort();
      await handler?.close();
    },
    async close() {
      webhooks.close();
      feed.close();
      stopObserving();
      metrics.close();
    },
  };
}

async function mcpHandler(product: Product, logger: Logger, makeMcp: McpFactoryOf): Promise<{ fetch: McpFetch; close(): Promise<void> }> {
  const { createMcpHandler } = await import('@modelcontextprotocol/server');
  const principalOf = (authenticated: unknown): Principal =>
    typeof authenticated === 'object' && authenticated !== null ? (authenticated as Principal) : principalOn('mcp-http', NOBODY);
  const build = makeMcp(product, logger, principalOf);
  const serveCall = createServeCall(build);
  const handler = createMcpHandler(build, {
    onerror: (error) => logger.debug({ err: error }, 'mcp http'),
    maxRequestBodySize: MAX_BODY_BYTES,
  });
  const stopTelling = product.jobs.subscribe((job) => {
    for (const uri of changedResources(job)) handler.notify.resourceUpdated(uri);
  });
  return {
    fetch: async (request, options) => (await serveCall(request, options)) ?? handler.fetch(request, options),
    close() {
      stopTelling();
      return handler.close();
    },
  };
}
