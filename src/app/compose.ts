import { readFileSync } from 'node:fs';
import { systemClock, type Clock } from '../domain/clock.ts';
import { describeStep } from '../domain/mutation.ts';
import { createSecrets, type Secrets } from '../domain/secrets.ts';
import { createAuditLog } from '../dispatch/audit-log.ts';
import type { AuditEntry } from '../dispatch/audit-record.ts';
import { createDispatcher, type Dispatcher } from '../dispatch/dispatcher.ts';
import { createJobs } from '../jobs/create-jobs.ts';
import type { Job } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { openSqliteStore } from '../jobs/sqlite-store.ts';
import { CATALOG } from '../operations/catalog.ts';
import type { Operation, Task } from '../operations/define.ts';
import { createRunner } from '../operations/runner.ts';
import { createWork } from '../operations/work.ts';
import { createProxmoxApi } from '../proxmox/api.ts';
import { createPlanner } from '../proxmox/planner.ts';
import { createTasks } from '../proxmox/tasks.ts';
import type { TlsTrust } from '../proxmox/tls-connector.ts';
import { createTransport } from '../proxmox/transport.ts';
import type { Config } from './config-schema.ts';
import type { Logger } from './logging.ts';
import { auditFolder, expandHome, jobsFile } from './state-paths.ts';
import { VERSION } from './version.ts';

/** Everything that one server is made of. */
export interface Product {
  readonly dispatcher: Dispatcher;
  readonly jobs: Jobs;
  readonly secrets: Secrets;
  /** Ends every connection and hands open jobs to whoever shares the store. */
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly config: Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly secrets?: Secrets;
  readonly clock?: Clock;
}

/** The only place that builds objects. Nothing talks to Proxmox before the first call needs it. */
export async function compose({
  config,
  environment,
  logger,
  secrets = createSecrets(),
  clock = systemClock,
}: ComposeOptions): Promise<Product> {
  const { proxmox, auth } = config;
  secrets.add(auth.token_value);
  const tokenId = `${auth.user}!${auth.token_name}`;
  const transport = createTransport({
    host: proxmox.host,
    port: proxmox.port,
    apiToken: `${tokenId}=${auth.token_value}`,
    trust: trustOf(config),
    timeoutMs: proxmox.timeout * 1000,
    maxConnections: proxmox.max_connections,
    userAgent: `proxmox-mcp-plus/${VERSION}`,
  });
  const api = createProxmoxApi(transport, tokenId, (request) => logger.debug({ proxmox: request }, 'proxmox request'));
  const runner = createRunner(createPlanner(api));
  const operations: readonly Operation[] = Object.values(CATALOG).flat();
  const tasks = new Map(operations.filter((operation): operation is Task => operation.kind === 'task').map((task) => [task.name, task]));

  const audit = createAuditLog({ folder: auditFolder(config.audit.folder, environment), clock, secrets });
  const store = await openSqliteStore(jobsFile(config.jobs.sqlite_path, environment));
  const jobs = createJobs({
    store,
    clock,
    onFault: (fault, about) => logger.error({ err: fault }, about),
    tasks: createTasks(api),
    work: createWork({
      api,
      runner,
      taskNamed: (name) => tasks.get(name),
      beforeSend: (job, plan) =>
        audit.record({ ...auditedJob(job), event: 'intent', facts: { step: describeStep(plan.step), attempt: job.attempts } }),
      ended: (job) =>
        audit
          .record({ ...auditedJob(job), event: 'outcome', facts: { state: job.state, effect: job.effect, upid: job.upid } })
          .catch((error: unknown) => {
            logger.error({ err: error, job_id: job.jobId }, 'the outcome of a job could not be audited');
          }),
    }),
  });
  const dispatcher = createDispatcher({
    catalog: CATALOG,
    runner,
    jobs,
    authorize: async () => ({ effect: 'allow', code: 'OP_POLICY_ALLOW', reason: 'Allowed.' }),
  });

  return {
    dispatcher,
    jobs,
    secrets,
    async close() {
      await jobs.close();
      await audit.close();
      await api.close();
    },
  };
}

function auditedJob(job: Job): Omit<AuditEntry, 'event'> {
  return { principal: job.principalId, surface: job.surface, request_id: job.requestId, job_id: job.jobId, operation: job.operation };
}

function trustOf({ proxmox }: Config): TlsTrust {
  const { fingerprint } = proxmox;
  if (fingerprint !== undefined) return { mode: 'pinned', fingerprints: typeof fingerprint === 'string' ? [fingerprint] : fingerprint };
  if (!proxmox.verify_ssl) return { mode: 'unverified' };
  return proxmox.ca_file === undefined
    ? { mode: 'authorities' }
    : { mode: 'authorities', ca: readFileSync(expandHome(proxmox.ca_file), 'utf8') };
}
