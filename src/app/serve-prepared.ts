import { randomUUID } from 'node:crypto';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { hasOpenJobs } from '../jobs/has-open-jobs.ts';
import type { Environment } from '../domain/environment.ts';
import { localPrincipal } from '../domain/principal.ts';
import { createSecrets } from '../domain/secrets.ts';
import { asError } from '../domain/thrown.ts';
import { createMcpServer, type McpOptions } from '../mcp/create-mcp-server.ts';
import type { Offer } from '../mcp/offer.ts';
import type { Product } from './compose.ts';
import { registerSecrets } from './config-secrets.ts';
import { createLateOffer } from './late-offer.ts';
import { loadConfig, type LoadedConfig } from './load-config.ts';
import type { Logger } from './logging.ts';
import { jobsFile } from './state-paths.ts';
import { offerKey, PREPARED_OFFERS } from './prepared-offer.ts';
import { nextSignal, shutDown } from './shut-down.ts';
import { openStdio } from './stdio-transport.ts';
import { VERSION } from './version.ts';
import { letYoungGenerationGrow } from './young-generation.ts';

/** How often a server that nobody asks looks whether there are open jobs: of one that crashed, or of one that runs beside it. */
const LOOK_EVERY_MS = 2000;

interface Composed {
  readonly product: Product;
  readonly offer: Offer;
  readonly verifyState: McpOptions['verifyState'];
}

/**
 * MCP on standard input and output that answers `tools/list` before the rest of the product is loaded: that happens with the
 * first request that needs it, or when there are open jobs to follow. Many clients start a server and never ask it anything.
 * @returns the exit code, or undefined where nothing was prepared for this configuration and the long way is to be taken
 */
export async function servePrepared(environment: Environment): Promise<number | undefined> {
  if (PREPARED_OFFERS.length === 0) return undefined;
  const loaded = configFor(environment);
  const prepared = loaded && PREPARED_OFFERS.find(({ key }) => key === offerKey(loaded.config));
  if (!loaded || !prepared || loaded.config.mcp.transport !== 'STDIO') return undefined;
  // A file that cannot be read is told at the start, not at the first call.
  if (loaded.config.proxmox.ca_file !== undefined) return undefined;

  const secrets = createSecrets();
  registerSecrets(loaded.config, secrets);
  let composing: Promise<Composed> | undefined;
  let logger: Promise<Logger> | undefined;
  const logging = (): Promise<Logger> =>
    (logger ??= import('./logging.ts').then(({ createLogger }) => createLogger(loaded.config.logging, secrets)));
  const made = Promise.withResolvers<Offer>();
  const failed = Promise.withResolvers<Error>();
  const ask = (): Promise<Composed> => {
    if (!composing) {
      letYoungGenerationGrow();
      composing = composeNow(loaded, environment, secrets, logging);
      composing.then(
        ({ offer }) => made.resolve(offer),
        (error: unknown) => failed.resolve(asError(error)),
      );
    }
    return composing;
  };
  const offer = createLateOffer(prepared, { ask: async () => (await ask()).offer, made: made.promise });
  // What there is to tell of a connection alone is no reason to load the rest.
  const tell = (say: (logger: Logger) => void): void => void logging().then(say, () => undefined);
  const { transport, gone } = openStdio();
  const server = serveStdio(
    createMcpServer({
      offerTo: () => offer,
      version: VERSION,
      async verifyState(state, context) {
        const { verifyState } = await ask();
        return verifyState?.(state, context);
      },
      principalOf: () => localPrincipal('mcp-stdio'),
      newRequestId: randomUUID,
      onFault: (error, requestId) => tell((logger) => logger.error({ err: error, request_id: requestId }, 'call failed')),
    }),
    { transport, onerror: (error) => tell((logger) => logger.warn({ err: error }, 'mcp stdio')) },
  );
  const { jobs } = loaded.config;
  const file = jobsFile(jobs.sqlite_path, environment);
  const look = async (): Promise<void> => {
    if (composing) return clearInterval(timer);
    if (jobs.database_url !== undefined || (await hasOpenJobs(file))) void ask();
  };
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  const end = await Promise.race([gone, nextSignal(), failed.promise]);
  clearInterval(timer);
  if (end instanceof Error) process.stderr.write(`Server initialization failed: ${secrets.scrub(end.message)}\n`);
  await shutDown(
    () => server.close(),
    async () => (await composing?.catch(() => undefined))?.product.close(),
  );
  return end instanceof Error ? 1 : 0;
}

/** Undefined for a configuration that cannot be used: the long way says what is wrong with it. */
function configFor(environment: Environment): LoadedConfig | undefined {
  try {
    return loadConfig(environment);
  } catch {
    return undefined;
  }
}

async function composeNow(
  { config, source, warnings }: LoadedConfig,
  environment: Environment,
  secrets: ReturnType<typeof createSecrets>,
  logging: () => Promise<Logger>,
): Promise<Composed> {
  const [{ compose }, logger, { mcpOffers }] = await Promise.all([import('./compose.ts'), logging(), import('./run-servers.ts')]);
  for (const warning of warnings) logger.warn({ source }, warning);
  const product = await compose({ config, environment, logger, secrets });
  const { offerTo, verifyState } = mcpOffers(product);
  logger.info({ proxmox: config.proxmox.host, version: VERSION }, 'serving MCP on standard input and output');
  return { product, offer: offerTo(localPrincipal('mcp-stdio')), verifyState };
}
