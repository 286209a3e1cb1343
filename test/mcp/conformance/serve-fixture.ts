import { randomUUID } from 'node:crypto';
import { compose } from '../../../src/app/compose.ts';
import { configSchema } from '../../../src/app/config-schema.ts';
import { createLogger } from '../../../src/app/logging.ts';
import { runHttp } from '../../../src/app/run-http.ts';
import { createSecrets } from '../../../src/domain/secrets.ts';
import { createMcpServer } from '../../../src/mcp/create-mcp-server.ts';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createFixtureOffer } from './fixture-offer.ts';
import { stateCodec } from './fixture-tools.ts';

/** The suite's fixture tools behind the production stack: the door, the protocol handler and the MCP server of the product. */
export async function serveFixture(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'proxmox-mcp-conformance-'));
  const config = configSchema.parse({
    proxmox: { host: '127.0.0.1', port: 1 },
    auth: { user: 'nobody@pve', token_name: 'none', token_value: 'none' },
    jobs: { sqlite_path: join(folder, 'jobs.sqlite3') },
    logging: { level: 'CRITICAL' },
    mcp: { port: 0 },
  });
  const secrets = createSecrets();
  const logger = createLogger(config.logging, secrets);
  const environment = { PROXMOX_MCP_STATE_DIR: folder };
  const product = await compose({ config, environment, logger, secrets });
  const { offer, close } = createFixtureOffer();
  const makeMcp = (_product: unknown, _logger: unknown, principalOf: (authenticated: unknown) => never) =>
    createMcpServer({
      offerTo: () => offer,
      version: '0.0.0',
      principalOf: ({ authInfo }) => principalOf(authInfo?.extra?.['principal']),
      newRequestId: randomUUID,
      onFault: () => undefined,
      verifyState: (state, context) => stateCodec.verify(state, context),
      capabilities: { logging: {} },
    });
  const doors = { rest: false, mcp: 'own-port' } as const;
  const servers = await runHttp({ product, logger, config, environment, doors, makeMcp: makeMcp as never });
  return {
    url: `${servers.mcp?.url ?? ''}/mcp`,
    async close() {
      close();
      await servers.close();
      await product.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
