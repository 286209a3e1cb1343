import { createSecrets } from '../domain/secrets.ts';
import { compose, type Product } from './compose.ts';
import { loadConfig } from './load-config.ts';
import { createLogger, type Logger } from './logging.ts';
import { runMcpHttp, runStdio, type RunningServer } from './run-servers.ts';
import { VERSION } from './version.ts';

const COMMANDS = ['mcp-http', 'demo', 'help', 'version'] as const;
const USAGE = `proxmox-mcp-plus ${VERSION}

Usage: proxmox-mcp-plus [command]

  (no command)  MCP server with the configured transport, standard input and output by default
  mcp-http      MCP server over Streamable HTTP at /mcp
  demo          the whole product against an embedded Proxmox VE simulator (--once: end after the tour)
  version       the version
  help          this text

Configuration: the JSON file that PROXMOX_MCP_CONFIG names, or PROXMOX_HOST, PROXMOX_USER, PROXMOX_TOKEN_NAME,
PROXMOX_TOKEN_VALUE, PROXMOX_FINGERPRINT and others in the environment.`;

/** How long a shutdown may take before the process ends anyway. */
const SHUTDOWN_MS = 10_000;

/** Runs the command line. Resolves with the exit code. Standard output belongs to the protocol; everything else goes to standard error. */
export async function runCommand(argv: readonly string[], environment: NodeJS.ProcessEnv): Promise<number> {
  const [command, ...rest] = argv;
  switch (command) {
    case undefined:
      return serve(environment, false);
    case 'mcp-http':
      return serve(environment, true);
    case 'demo': {
      const { runDemo } = await import('./demo.ts');
      return runDemo({ once: rest.includes('--once') });
    }
    case 'version':
    case '--version':
      process.stdout.write(`${VERSION}\n`);
      return 0;
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(`${USAGE}\n`);
      return 0;
    default:
      process.stderr.write(`Unknown command ${JSON.stringify(command)}. Known are ${COMMANDS.join(', ')}.\n`);
      return 2;
  }
}

async function serve(environment: NodeJS.ProcessEnv, overHttp: boolean): Promise<number> {
  const secrets = createSecrets();
  let product: Product | undefined;
  let server: RunningServer;
  let logger: Logger;
  try {
    const { config, source, warnings } = loadConfig(environment);
    logger = createLogger(config.logging, secrets);
    for (const warning of warnings) logger.warn({ source }, warning);
    product = await compose({ config, environment, logger, secrets });
    const http = overHttp || config.mcp.transport === 'STREAMABLE';
    if (http) {
      const running = await runMcpHttp(product, logger, config, environment);
      logger.info({ url: `${running.listener.url}/mcp`, proxmox: config.proxmox.host }, 'serving MCP over HTTP');
      server = running;
    } else {
      server = runStdio(product, logger);
      logger.info({ proxmox: config.proxmox.host, version: VERSION }, 'serving MCP on standard input and output');
    }
  } catch (error) {
    await product?.close();
    const text = error instanceof Error ? error.message : String(error);
    process.stderr.write(`Server initialization failed: ${secrets.scrub(text)}\n`);
    return 1;
  }
  const reason = await Promise.race([server.done.then(() => 'the client has gone'), nextSignal()]);
  logger.info({ reason }, 'shutting down');
  setTimeout(() => process.exit(1), SHUTDOWN_MS).unref();
  await server.close();
  await product.close();
  return 0;
}

/** Resolves with the name of the first signal that asks the process to end. */
function nextSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve(signal));
  });
}
