import { randomUUID } from 'node:crypto';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { localPrincipal, type Principal } from '../domain/principal.ts';
import type { Listener } from '../http/listen.ts';
import { createMcpServer } from '../mcp/create-mcp-server.ts';
import type { Product } from './compose.ts';
import type { Config } from './config-schema.ts';
import type { Logger } from './logging.ts';
import { VERSION } from './version.ts';

/** A surface that is up. */
export interface RunningServer {
  /** Resolves when the other side has gone (stdio) or never (HTTP). */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

type Environment = Readonly<Record<string, string | undefined>>;

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1)$/;

function mcpFactory(product: Product, logger: Logger, principal: Principal) {
  return createMcpServer({
    dispatcher: product.dispatcher,
    version: VERSION,
    principalOf: () => principal,
    newRequestId: randomUUID,
    onFault: (error, requestId) => logger.error({ err: error, request_id: requestId }, 'call failed'),
  });
}

/** MCP for the client that started this process. Ends when the client closes standard input. */
export function runStdio(product: Product, logger: Logger): RunningServer {
  const handle = serveStdio(mcpFactory(product, logger, localPrincipal('mcp-stdio')), {
    onerror: (error) => logger.warn({ err: error }, 'mcp stdio'),
  });
  const done = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve);
    process.stdin.once('close', resolve);
  });
  return { done, close: () => handle.close() };
}

/**
 * MCP over Streamable HTTP at `/mcp`.
 * @throws Error when it would be open to the network without a key
 */
export async function runMcpHttp(
  product: Product,
  logger: Logger,
  config: Config,
  environment: Environment,
): Promise<RunningServer & { readonly listener: Listener }> {
  const { host, port, dns_rebinding_protection, allowed_hosts, allowed_origins } = config.mcp;
  const apiKey = environment['PROXMOX_API_KEY'] || null;
  if (apiKey === null && !LOOPBACK.test(host) && environment['PROXMOX_ALLOW_NO_AUTH'] !== 'true') {
    throw new Error(
      `MCP over HTTP on ${host} needs PROXMOX_API_KEY, because anybody who reaches it could operate the cluster. ` +
        'Set it, or listen on 127.0.0.1 (MCP_HOST), or set PROXMOX_ALLOW_NO_AUTH=true.',
    );
  }
  product.secrets.add(apiKey);
  const [{ createMcpApp }, { listen }] = await Promise.all([import('../http/mcp-app.ts'), import('../http/listen.ts')]);
  const handler = createMcpHandler(mcpFactory(product, logger, localPrincipal('mcp-http')), {
    onerror: (error) => logger.debug({ err: error }, 'mcp http'),
    maxRequestBodySize: 1024 * 1024,
  });
  const app = createMcpApp({
    mcp: (request) => handler.fetch(request),
    origin: dns_rebinding_protection === false ? null : { listenHost: host, allowedHosts: allowed_hosts, allowedOrigins: allowed_origins },
    apiKey,
  });
  const listener = await listen(app, { host, port });
  return {
    listener,
    done: new Promise(() => undefined),
    async close() {
      await handler.close();
      await listener.close();
    },
  };
}
