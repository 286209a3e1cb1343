import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose } from '../src/app/compose.ts';
import { configSchema } from '../src/app/config-schema.ts';
import { createLogger } from '../src/app/logging.ts';
import { offerKey, type PreparedOffer } from '../src/app/prepared-offer.ts';
import { mcpOffers } from '../src/app/run-servers.ts';
import { createSecrets } from '../src/domain/secrets.ts';
import { localPrincipal } from '../src/domain/principal.ts';

/** What servers with an ordinary policy offer, without and with SSH. Nothing is sent to any host. */
export async function prepareOffers(): Promise<readonly PreparedOffer[]> {
  return Promise.all([{}, { ssh: { user: 'root' } }].map(prepare));
}

async function prepare(sections: object): Promise<PreparedOffer> {
  const folder = await mkdtemp(join(tmpdir(), 'prepared-offer-'));
  const config = configSchema.parse({
    proxmox: { host: 'localhost', verify_ssl: true },
    auth: { user: 'build@pve', token_name: 'build', token_value: 'build' },
    jobs: { sqlite_path: join(folder, 'jobs.sqlite3') },
    logging: { level: 'CRITICAL' },
    ...sections,
  });
  const product = await compose({
    config,
    environment: { PROXMOX_MCP_STATE_DIR: folder },
    logger: createLogger(config.logging, createSecrets()),
  });
  const { instructions, tools, resources, prompts } = mcpOffers(product).offerTo(localPrincipal('mcp-stdio'));
  await product.close();
  await rm(folder, { recursive: true, force: true });
  return {
    key: offerKey(config),
    instructions: instructions ?? null,
    tools,
    resources: resources?.list ?? [],
    templates: resources?.templates ?? [],
    prompts: prompts?.list ?? [],
  };
}
