import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CLIENT_CAPABILITIES_META_KEY,
  CLIENT_INFO_META_KEY,
  InMemoryTransport,
  PROTOCOL_VERSION_META_KEY,
  SUPPORTED_PROTOCOL_VERSIONS,
} from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { compose, type Product } from '../src/app/compose.ts';
import { configSchema } from '../src/app/config-schema.ts';
import { createLogger } from '../src/app/logging.ts';
import type { PreparedServer } from '../src/app/prepared-servers.ts';
import { mcpFactory } from '../src/app/run-servers.ts';
import { localPrincipal } from '../src/domain/principal.ts';
import { createSecrets } from '../src/domain/secrets.ts';
import type { PreparedAnswers } from '../src/mcp/prepared-conversation.ts';

/** Versions in which a request carries its version itself. */
const MODERN_VERSIONS = ['2026-07-28'];
const LISTS = ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list'];
const CLIENT = { name: 'build', version: '1' };

/** Asks servers with an ordinary policy, without and with SSH, writing and read-only, all that a client may ask first. Nothing is sent to any host. */
export async function prepareServers(): Promise<readonly PreparedServer[]> {
  const both = [false, true];
  return Promise.all(both.flatMap((hasSsh) => both.map((isReadOnly) => prepare(hasSsh, isReadOnly))));
}

async function prepare(hasSsh: boolean, isReadOnly: boolean): Promise<PreparedServer> {
  const folder = await mkdtemp(join(tmpdir(), 'prepared-server-'));
  const config = configSchema.parse({
    proxmox: { host: 'localhost', verify_ssl: true },
    auth: { user: 'build@pve', token_name: 'build', token_value: 'build' },
    jobs: { sqlite_path: join(folder, 'jobs.sqlite3') },
    logging: { level: 'CRITICAL' },
    policy: { read_only: isReadOnly },
    ...(hasSsh ? { ssh: { user: 'root' } } : {}),
  });
  const logger = createLogger(config.logging, createSecrets());
  const product = await compose({ config, environment: { PROXMOX_MCP_STATE_DIR: folder }, logger });
  try {
    return { hasSsh, isReadOnly, answers: await recordAnswers(product, logger) };
  } finally {
    await product.close();
    await rm(folder, { recursive: true, force: true });
  }
}

type Logger = ReturnType<typeof createLogger>;
type Request = (method: string, params: object) => Promise<object>;

async function recordAnswers(product: Product, logger: Logger): Promise<PreparedAnswers> {
  const initialize: Record<string, object> = {};
  let legacy: Record<string, object> = {};
  for (const protocolVersion of SUPPORTED_PROTOCOL_VERSIONS) {
    await withConnection(product, logger, async (request) => {
      initialize[protocolVersion] = await request('initialize', { protocolVersion, capabilities: {}, clientInfo: CLIENT });
      legacy = await answersTo(['ping', ...LISTS], (method) => request(method, {}));
    });
  }
  const modern: Record<string, Record<string, object>> = {};
  for (const version of MODERN_VERSIONS) {
    const _meta = { [PROTOCOL_VERSION_META_KEY]: version, [CLIENT_INFO_META_KEY]: CLIENT, [CLIENT_CAPABILITIES_META_KEY]: {} };
    await withConnection(product, logger, async (request) => {
      modern[version] = await answersTo(['server/discover', ...LISTS], (method) => request(method, { _meta }));
    });
  }
  return { initialize, legacy, modern };
}

async function answersTo(methods: readonly string[], ask: (method: string) => Promise<object>): Promise<Record<string, object>> {
  const answers: Record<string, object> = {};
  for (const method of methods) answers[method] = await ask(method);
  return answers;
}

/** Talks to the server as a client on standard input and output would. */
async function withConnection(product: Product, logger: Logger, talk: (request: Request) => Promise<void>): Promise<void> {
  const [client, transport] = InMemoryTransport.createLinkedPair();
  const server = serveStdio(
    mcpFactory(product, logger, () => localPrincipal('mcp-stdio')),
    { transport },
  );
  await client.start();
  let lastId = 0;
  await talk(async (method, params) => {
    const id = ++lastId;
    const answer = Promise.withResolvers<object>();
    client.onmessage = (message) => {
      if ('result' in message && message.id === id) answer.resolve(message.result);
      else answer.reject(new Error(`${method} was answered with ${JSON.stringify(message)}.`));
    };
    await client.send({ jsonrpc: '2.0', id, method, params: { ...params } });
    return answer.promise;
  });
  await server.close();
}
