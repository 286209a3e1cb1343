import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSecrets } from '../domain/secrets.ts';
import { runTour } from '../cli/tour.ts';
import { startSimulator } from '../simulator/start-simulator.ts';
import { compose } from './compose.ts';
import { configSchema } from './config-schema.ts';
import { createLogger } from './logging.ts';
import { runMcpHttp } from './run-servers.ts';

export interface DemoOptions {
  /** End after the tour instead of staying up. */
  readonly once: boolean;
}

/** Simulated seconds per real one: fast enough to watch, slow enough to see progress. */
const SPEED = 6;

/** Starts a simulated cluster and the whole product against it, tours it as an MCP client, and stays up for other clients. */
export async function runDemo({ once }: DemoOptions): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'proxmox-mcp-demo-'));
  const simulator = await startSimulator({ scenario: 'cluster', speed: SPEED });
  const { user, tokenName, tokenValue } = simulator.token;
  const environment = { PROXMOX_MCP_STATE_DIR: folder };
  const config = configSchema.parse({
    proxmox: { host: simulator.host, port: simulator.port, fingerprint: simulator.fingerprint },
    auth: { user, token_name: tokenName, token_value: tokenValue },
    jobs: { sqlite_path: join(folder, 'jobs.sqlite3') },
    logging: { level: 'ERROR' },
    mcp: { port: 0 },
  });
  const secrets = createSecrets();
  const logger = createLogger(config.logging, secrets);
  const product = await compose({ config, environment, logger, secrets });
  const server = await runMcpHttp({ product, logger, config, environment });
  const url = `${server.listener.url}/mcp`;
  try {
    const passed = await runTour({
      url,
      simulatorUrl: simulator.url,
      write: (text) => process.stdout.write(text),
      interactive: process.stdout.isTTY,
    });
    if (once || !passed) return passed ? 0 : 1;
    process.stdout.write(howToConnect(url, simulator, tokenValue));
    await new Promise<void>((resolve) => {
      process.once('SIGINT', resolve);
      process.once('SIGTERM', resolve);
    });
    return 0;
  } finally {
    await server.close();
    await product.close();
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function howToConnect(
  url: string,
  { host, port, fingerprint, token }: { host: string; port: number; fingerprint: string; token: { user: string; tokenName: string } },
  tokenValue: string,
): string {
  return `
The demo stays up until Ctrl-C. Connect a client of your own:

  over HTTP    ${url}
               claude mcp add --transport http proxmox-demo ${url}
  over stdio   PROXMOX_HOST=${host} PROXMOX_PORT=${port} PROXMOX_USER=${token.user} PROXMOX_TOKEN_NAME=${token.tokenName} \\
               PROXMOX_TOKEN_VALUE=${tokenValue} PROXMOX_FINGERPRINT=${fingerprint} \\
               npx proxmox-mcp-plus

Everything you see is simulated in memory; nothing can be broken.
`;
}
