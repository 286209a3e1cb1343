import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { compose, type Product as Composed } from '../src/app/compose.ts';
import { configSchema } from '../src/app/config-schema.ts';
import { createLogger } from '../src/app/logging.ts';
import { runMcpHttp } from '../src/app/run-servers.ts';
import { createSecrets } from '../src/domain/secrets.ts';
import { ERROR_META_KEY } from '../src/mcp/tool-error.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../src/simulator/start-simulator.ts';

/** What an MCP client is told by one call. */
export interface Answer {
  /** The structured content; of a call that failed, its error. */
  readonly output: Readonly<Record<string, unknown>>;
  /** The text that people and models read. */
  readonly text: string;
  readonly isError: boolean;
  /** The parts of the error, when the call failed. */
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    readonly effect: string;
    readonly details: Readonly<Record<string, unknown>>;
  };
}

/** The whole product against a simulated cluster, seen as an MCP client sees it. */
export interface Product extends AsyncDisposable {
  readonly sim: Simulator;
  readonly client: Client;
  /** `http://127.0.0.1:port/mcp`. */
  readonly url: string;
  readonly composed: Composed;
  /** The file of the job store. */
  readonly jobsFile: string;
  call(name: string, args?: Readonly<Record<string, unknown>>): Promise<Answer>;
  close(): Promise<void>;
}

interface ProductOptions extends SimulatorOptions {
  /** Further sections of the config file, merged over the ones that point at the simulator. */
  readonly config?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** A token other than the administrator's. */
  readonly token?: (simulator: Simulator) => { user: string; tokenName: string; tokenValue: string };
  /** An existing simulator, e.g. for a second server on one cluster; it is not closed with the product. */
  readonly simulator?: Simulator;
}

/** Simulated tasks end within milliseconds, so they are looked at more often than real ones. */
export const PACE = { followEveryMs: 100, feedEveryMs: 50, verifyEveryMs: 200, statusPerSecond: 50 };

/** Starts it all on free loopback ports. The simulated clock runs fast, so tasks of seconds end in milliseconds. */
export async function startProduct({ config = {}, token, simulator, ...options }: ProductOptions = {}): Promise<Product> {
  const folder = mkdtempSync(join(tmpdir(), 'proxmox-mcp-test-'));
  const sim = simulator ?? (await startSimulator({ speed: 200, authenticationDelaySeconds: 0, ...options }));
  const { user, tokenName, tokenValue } = token?.(sim) ?? sim.token;
  const parsed = configSchema.parse({
    ...config,
    // Tests of other things read notes and destroy in one session.
    policy: { untrusted_text_requires_approval: 'off', ...config['policy'] },
    proxmox: { host: sim.host, port: sim.port, fingerprint: sim.fingerprint, inventory_seconds: 0, ...config['proxmox'] },
    auth: { user, token_name: tokenName, token_value: tokenValue },
    jobs: { sqlite_path: join(folder, 'jobs.sqlite3'), ...config['jobs'] },
    audit: { timeout_ms: 30_000, ...config['audit'] },
    logging: { level: 'ERROR', ...config['logging'] },
    mcp: { port: 0, ...config['mcp'] },
  });
  const secrets = createSecrets();
  const logger = createLogger(parsed.logging, secrets);
  const composed = await compose({ config: parsed, environment: { PROXMOX_MCP_STATE_DIR: folder }, logger, secrets, jobsSettings: PACE });
  const server = await runMcpHttp({ product: composed, logger, config: parsed, environment: {} });
  const url = `${server.listener.url}/mcp`;
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(url)));

  const close = async (): Promise<void> => {
    await client.close();
    await server.close();
    await composed.close();
    if (!simulator) await sim.close();
    rmSync(folder, { recursive: true, force: true });
  };
  return {
    sim,
    client,
    url,
    composed,
    jobsFile: String(parsed.jobs.sqlite_path),
    async call(name, args = {}) {
      const result = await client.callTool({ name, arguments: { ...args } });
      const error = result._meta?.[ERROR_META_KEY] as Answer['error'];
      const output = (result.structuredContent ?? (error ? { error } : {})) as Record<string, unknown>;
      const text = result.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n');
      return { output, text, isError: result.isError === true, error };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}
