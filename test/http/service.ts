import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose, type Product } from '../../src/app/compose.ts';
import { configSchema } from '../../src/app/config-schema.ts';
import { createLogger } from '../../src/app/logging.ts';
import { prepareHttp, type HttpDoors } from '../../src/app/prepare-http.ts';
import { runHttp } from '../../src/app/run-http.ts';
import { mcpFactory } from '../../src/app/run-servers.ts';
import type { AuditRecord } from '../../src/dispatch/audit-record.ts';
import { readAudit } from '../../src/dispatch/read-audit.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { createSecrets } from '../../src/domain/secrets.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../src/simulator/start-simulator.ts';
import { PACE } from '../product.ts';

export const KEY = 'testkey-of-the-operator';

/** What the listener tells of a connection: requests in the process come from loopback too. */
const PEER = { incoming: { socket: { remoteAddress: '127.0.0.1' } } } as object;

interface ServiceOptions extends SimulatorOptions {
  /** Further sections of the config file. */
  readonly config?: Readonly<Record<string, unknown>>;
  readonly doors?: HttpDoors;
  readonly clock?: never;
  /** The clock of the HTTP side. */
  readonly httpClock?: Clock;
  /** False leaves the full key out. */
  readonly key?: boolean;
  /** True listens on a free port of loopback. */
  readonly listen?: boolean;
}

export interface Service extends AsyncDisposable {
  readonly sim: Simulator;
  readonly product: Product;
  /** `http://127.0.0.1:port`, or a name for requests that never leave the process. */
  readonly url: string;
  readonly mcpUrl: string;
  /** The account of what was decided and done. */
  audit(): Promise<readonly AuditRecord[]>;
  /** Asks the service, with the full key unless told otherwise (null: without any). */
  ask(path: string, init?: RequestInit & { key?: string | null }): Promise<Response>;
  post(path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  close(): Promise<void>;
}

/** The whole product over HTTP against a simulated cluster: in the process, or listening. */
export async function startService(options: ServiceOptions = {}): Promise<Service> {
  const { config = {}, doors = { rest: true, mcp: 'off' }, httpClock, key = true, listen = false, ...simulation } = options;
  const folder = mkdtempSync(join(tmpdir(), 'proxmox-http-test-'));
  const sim = await startSimulator({ speed: 200, authenticationDelaySeconds: 0, ...simulation });
  const { user, tokenName, tokenValue } = sim.token;
  const parsed = configSchema.parse({
    ...config,
    proxmox: { host: sim.host, port: sim.port, fingerprint: sim.fingerprint, ...(config['proxmox'] as object | undefined) },
    auth: { user, token_name: tokenName, token_value: tokenValue },
    jobs: { sqlite_path: join(folder, 'jobs.sqlite3') },
    // Machines that run many tests at once are slow to write.
    audit: { timeout_ms: 30_000, ...(config['audit'] as object | undefined) },
    logging: { level: 'CRITICAL' },
    mcp: { port: 0, ...(config['mcp'] as object | undefined) },
    http: { port: 0, ...(key ? { api_key: KEY } : {}), ...(config['http'] as object | undefined) },
  });
  const secrets = createSecrets();
  const logger = createLogger(parsed.logging, secrets);
  const environment = { PROXMOX_MCP_STATE_DIR: folder };
  const product = await compose({ config: parsed, environment, logger, secrets, jobsSettings: PACE });
  const cleanUp = async (): Promise<void> => {
    await product.close();
    await sim.close();
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const served = { product, logger, config: parsed, environment, doors, makeMcp: mcpFactory, ...(httpClock ? { clock: httpClock } : {}) };
    const servers = listen ? await runHttp(served) : null;
    const prepared = listen ? null : await prepareHttp(served);
    const url = servers?.rest?.url ?? 'http://localhost';
    const ask: Service['ask'] = async (path, { key: shown = KEY, ...init } = {}) => {
      const headers = new Headers(init.headers);
      if (shown !== null && !headers.has('authorization')) headers.set('authorization', `Bearer ${shown}`);
      if (prepared && !headers.has('host')) headers.set('host', 'localhost');
      const request = new Request(`${url}${path}`, { ...init, headers });
      const app = prepared?.rest ?? prepared?.mcp;
      return app ? app.fetch(request, PEER) : fetch(request);
    };
    const close = async (): Promise<void> => {
      await servers?.close();
      await prepared?.stop();
      await prepared?.close();
      await cleanUp();
    };
    return {
      sim,
      product,
      url,
      mcpUrl: servers?.mcp?.url ?? url,
      async audit() {
        const records: AuditRecord[] = [];
        for await (const record of readAudit(join(folder, 'audit'))) records.push(record);
        return records;
      },
      ask,
      post: (path, body, headers = {}) =>
        ask(path, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        }),
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
}
