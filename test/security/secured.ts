import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose, type Product } from '../../src/app/compose.ts';
import { configSchema } from '../../src/app/config-schema.ts';
import { createLogger } from '../../src/app/logging.ts';
import { systemClock, type Clock } from '../../src/domain/clock.ts';
import { toOperationError, type OperationError } from '../../src/domain/operation-error.ts';
import { localPrincipal, type Principal, type Scope, type Surface } from '../../src/domain/principal.ts';
import { createSecrets } from '../../src/domain/secrets.ts';
import type { AuditRecord } from '../../src/dispatch/audit-record.ts';
import { startSimulator, type Simulator } from '../../src/simulator/start-simulator.ts';

type Row = Readonly<Record<string, unknown>>;

export interface CallOptions {
  readonly principal?: Principal;
  readonly canAskCaller?: boolean;
  /** As a caller over HTTP may choose it; random when left out. */
  readonly requestId?: string;
}

/** What a call came to: its output, or its error. */
export interface Outcome {
  readonly output: Row;
  readonly text: string;
  readonly error: OperationError | undefined;
}

/** One server with a policy, seen through the dispatcher that every surface uses. */
export interface Secured extends AsyncDisposable {
  readonly sim: Simulator;
  readonly product: Product;
  readonly folder: string;
  /** Puts the wall clock of the server forward. */
  forward(milliseconds: number): void;
  call(name: string, args?: Row, options?: CallOptions): Promise<Outcome>;
  /** The id of the job that a call left waiting. */
  ask(name: string, args?: Row, options?: CallOptions): Promise<string>;
  decide(jobId: string, approve: boolean, by?: Principal): Promise<Outcome>;
  /** The state of a job once it is over, or waits. */
  stateOf(jobId: string): Promise<string>;
  /** Requests to the simulator that wrote something. */
  writes(): readonly string[];
  audit(): readonly AuditRecord[];
}

interface SecuredOptions {
  readonly config?: Readonly<Record<string, Row>>;
  /** Another server's cluster and store, for a second replica. */
  readonly beside?: Secured;
  readonly logs?: (line: string) => void;
}

/** A value that is surely there; the test fails where it is not. */
export function known<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error('It is not there.');
  return value;
}

export const PERSON: Principal = { kind: 'key', id: 'key:officer', scopes: ['approve'], surface: 'http' };
export const ENFORCED = { policy: { high_risk: { mode: 'enforce' } } } as const;

export function key(name: string, scopes: readonly Scope[], surface: Surface = 'http'): Principal {
  return { kind: 'key', id: `key:${name}`, scopes, surface };
}

export async function startSecured({ config = {}, beside }: SecuredOptions = {}): Promise<Secured> {
  const folder = beside?.folder ?? mkdtempSync(join(tmpdir(), 'proxmox-security-test-'));
  const sim = beside?.sim ?? (await startSimulator({ speed: 500, authenticationDelaySeconds: 0 }));
  const { user, tokenName, tokenValue } = sim.token;
  const parsed = configSchema.parse({
    ...config,
    proxmox: { host: sim.host, port: sim.port, fingerprint: sim.fingerprint },
    auth: { user, token_name: tokenName, token_value: tokenValue },
    jobs: { sqlite_path: join(folder, 'jobs.sqlite3') },
    logging: { level: 'CRITICAL', ...config['logging'] },
  });
  let ahead = 0;
  const clock: Clock = { ...systemClock, now: () => new Date(Date.now() + ahead) };
  const secrets = createSecrets();
  const logger = createLogger(parsed.logging, secrets);
  const product = await compose({
    config: parsed,
    environment: { PROXMOX_MCP_STATE_DIR: folder },
    logger,
    secrets,
    clock,
    jobsSettings: { followEveryMs: 100, feedEveryMs: 100 },
  });

  const call: Secured['call'] = async (
    name,
    args = {},
    { principal = localPrincipal('mcp-stdio'), canAskCaller = false, requestId = randomUUID() } = {},
  ) => {
    try {
      const { output, text } = await product.dispatcher.call({
        operation: name,
        arguments: args,
        principal,
        requestId,
        canAskCaller,
      });
      return { output, text, error: undefined };
    } catch (thrown) {
      return { output: {}, text: '', error: toOperationError(thrown) };
    }
  };
  return {
    sim,
    product,
    folder,
    call,
    forward: (milliseconds) => void (ahead += milliseconds),
    async ask(name, args, options) {
      const { output, error } = await call(name, args, options);
      if (error) throw error;
      if (output['status'] !== 'awaiting_approval') throw new Error(`${name} does not wait for an approval: ${JSON.stringify(output)}`);
      return String(output['job_id']);
    },
    async decide(jobId, approve, by = PERSON) {
      try {
        const job = await product.approvals.decide(jobId, by, { approve, reason: null });
        return { output: { state: job.state }, text: '', error: undefined };
      } catch (thrown) {
        return { output: {}, text: '', error: toOperationError(thrown) };
      }
    },
    async stateOf(jobId) {
      return (await product.jobs.wait(jobId, { seconds: 20 })).state;
    },
    writes: () =>
      sim.requests
        .list()
        .filter(({ method }) => method !== 'GET')
        .map(({ method, path }) => `${method} ${path}`),
    audit: () =>
      readdirSync(join(folder, 'audit'))
        .filter((name) => name.endsWith('.jsonl'))
        .toSorted()
        .flatMap((name) =>
          readFileSync(join(folder, 'audit', name), 'utf8')
            .trimEnd()
            .split('\n'),
        )
        .map((line) => JSON.parse(line) as AuditRecord),
    async [Symbol.asyncDispose]() {
      await product.close();
      if (beside) return;
      await sim.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
