import type { Environment } from '../domain/environment.ts';
import { createSecrets } from '../domain/secrets.ts';
import { asError } from '../domain/thrown.ts';
import type { Command } from '../cli/command.ts';
import type { RequestId } from '../mcp/prepared-conversation.ts';
import { compose, type Product } from './compose.ts';
import { loadConfig } from './load-config.ts';
import { createLogger, type Logger } from './logging.ts';
import { runHttpService, runMcpHttp, runStdio, type RunningServer } from './run-servers.ts';
import { nextSignal, shutDown } from './shut-down.ts';
import { VERSION } from './version.ts';

/** What a server serves: as configured, or one of the modes of the container. */
export type ServeMode = 'configured' | 'openapi' | 'mcp-http';

/** The servers of the program. */
export const serveCommands: readonly Command[] = [
  {
    name: '',
    summary: 'MCP server with the configured transport, standard input and output by default',
    answersJson: false,
    run: ({ environment }) => serve(environment, 'configured'),
  },
  {
    name: 'serve',
    summary: 'HTTP server: OpenAPI on API_HOST and API_PORT, or MCP where PROXMOX_MCP_MODE says so',
    details: 'PROXMOX_MCP_MODE: openapi, api or rest (default); mcp-http, streamable-http, streamable or mcp.',
    answersJson: false,
    run: ({ environment }) => serve(environment, modeOf(environment['PROXMOX_MCP_MODE'])),
  },
  {
    name: 'mcp-http',
    summary: 'MCP server over Streamable HTTP at /mcp',
    answersJson: false,
    run: ({ environment }) => serve(environment, 'mcp-http'),
  },
];

/** The modes of the container. @returns undefined for an unknown one */
function modeOf(mode: string | undefined): ServeMode | undefined {
  switch (mode?.trim().toLowerCase()) {
    case undefined:
    case '':
    case 'openapi':
    case 'api':
    case 'rest':
      return 'openapi';
    case 'mcp-http':
    case 'streamable-http':
    case 'streamable':
    case 'mcp':
      return 'mcp-http';
    default:
      return undefined;
  }
}

/**
 * Serves until the other side goes or a signal comes. Resolves with the exit code.
 * @param answered what standard input repeats, where somebody else spoke there before
 */
export async function serve(
  environment: Environment,
  mode: ServeMode | undefined,
  answered: ReadonlySet<RequestId> = new Set(),
): Promise<number> {
  const secrets = createSecrets();
  let product: Product | undefined;
  let server: RunningServer;
  let logger: Logger;
  try {
    if (mode === undefined)
      throw new Error(`PROXMOX_MCP_MODE is ${JSON.stringify(environment['PROXMOX_MCP_MODE'])}; known are openapi and mcp-http.`);
    const { config, source, warnings } = loadConfig(environment);
    logger = createLogger(config.logging, secrets);
    for (const warning of warnings) logger.warn({ source }, warning);
    product = await compose({ config, environment, logger, secrets });
    if (mode === 'openapi') {
      const running = await runHttpService({ product, logger, config, environment });
      const mcp = running.mcp?.url ?? (config.http.mcp === 'same-port' ? running.rest.url : null);
      logger.info({ url: running.rest.url, mcp: mcp === null ? null : `${mcp}/mcp`, proxmox: config.proxmox.host }, 'serving HTTP');
      server = running;
    } else if (mode === 'mcp-http' || config.mcp.transport === 'STREAMABLE') {
      const running = await runMcpHttp({ product, logger, config, environment });
      logger.info({ url: `${running.listener.url}/mcp`, proxmox: config.proxmox.host }, 'serving MCP over HTTP');
      server = running;
    } else {
      server = runStdio(product, logger, answered);
      logger.info({ proxmox: config.proxmox.host, version: VERSION }, 'serving MCP on standard input and output');
    }
  } catch (error) {
    await product?.close();
    process.stderr.write(`Server initialization failed: ${secrets.scrub(asError(error).message)}\n`);
    return 1;
  }
  const reason = await Promise.race([server.done.then(() => 'the client has gone'), nextSignal()]);
  logger.info({ reason }, 'shutting down');
  await shutDown(
    () => server.close(),
    () => product?.close(),
  );
  return 0;
}
