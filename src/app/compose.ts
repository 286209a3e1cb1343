import { systemClock, type Clock } from '../domain/clock.ts';
import type { Environment } from '../domain/environment.ts';
import { guestTarget } from '../domain/guest.ts';
import type { Risk } from '../domain/risk.ts';
import { createSecrets, type Secrets } from '../domain/secrets.ts';
import { createAuditLog } from '../dispatch/audit-log.ts';
import type { AuditEntry } from '../dispatch/audit-record.ts';
import { auditedResult, auditedStep } from '../dispatch/audited-step.ts';
import { createAdmission } from '../dispatch/admit.ts';
import { createApprovals, type Approvals } from '../dispatch/approvals.ts';
import { createAuthorize } from '../dispatch/authorize.ts';
import { createCheckApproval } from '../dispatch/check-approval.ts';
import { createDispatcher, type Dispatcher } from '../dispatch/dispatcher.ts';
import { createGuestTextReaders } from '../dispatch/guest-text-readers.ts';
import { createUsageWindow } from '../dispatch/usage-window.ts';
import { createJobs } from '../jobs/create-jobs.ts';
import type { Job } from '../jobs/job.ts';
import { createKeptOutputs } from '../jobs/kept-outputs.ts';
import type { Jobs } from '../jobs/jobs.ts';
import type { JobsSettings } from '../jobs/settings.ts';
import { CATALOG, offeredCatalog } from '../operations/catalog.ts';
import { createContainerFiles } from '../operations/container-files.ts';
import type { Operation, Task } from '../operations/define.ts';
import { riskOfCall } from '../operations/risk-of-call.ts';
import { createRunner } from '../operations/runner.ts';
import { createDescribeTargets, describeGuest, type TargetDescription } from '../operations/target-facts.ts';
import { createWork } from '../operations/work.ts';
import type { CheckReadiness } from '../http/readiness.ts';
import type { RequestObservation } from '../proxmox/api.ts';
import { clusterReads } from '../proxmox/cluster.ts';
import { createInventory } from '../proxmox/inventory.ts';
import { createPlanner } from '../proxmox/planner.ts';
import { createReader } from '../proxmox/reader.ts';
import { createTasks } from '../proxmox/tasks.ts';
import type { Config } from './config-schema.ts';
import { registerSecrets } from './config-secrets.ts';
import { connectToProxmox } from './connect-to-proxmox.ts';
import { describeFinding, loadPolicy, type LoadedPolicy } from './load-policy.ts';
import type { Logger } from './logging.ts';
import { createReadiness } from './readiness.ts';
import { createSshAccess } from './ssh-access.ts';
import { openJobStore } from './open-job-store.ts';
import { auditFolder, outputsFolder } from './state-paths.ts';

/** Everything that one server is made of. */
export interface Product {
  readonly dispatcher: Dispatcher;
  readonly jobs: Jobs;
  readonly secrets: Secrets;
  /** What `mcp.tools` says. */
  readonly mcpTools: string;
  readonly approvals: Approvals;
  readonly policy: LoadedPolicy;
  /** The facts about a guest that policy goes by. */
  describeGuest(vmid: number): Promise<TargetDescription>;
  readonly checkReadiness: CheckReadiness;
  /** Told of every finished request to Proxmox; returns the way to stop. */
  onProxmoxRequest(listener: (request: RequestObservation) => void): () => void;
  /** Ends every connection and hands open jobs to whoever shares the store. */
  close(): Promise<void>;
}

export interface ComposeOptions {
  readonly config: Config;
  readonly environment: Environment;
  readonly logger: Logger;
  readonly secrets?: Secrets;
  readonly clock?: Clock;
  /** How jobs pace themselves; a server runs with the defaults. */
  readonly jobsSettings?: Partial<JobsSettings>;
}

/** How old the list may be that says on which node a guest probably is. */
const PLACES_KEPT_MS = 60_000;

/** The only place that builds objects. Nothing talks to Proxmox before the first call needs it. */
export async function compose({
  config,
  environment,
  logger,
  secrets = createSecrets(),
  clock = systemClock,
  jobsSettings = {},
}: ComposeOptions): Promise<Product> {
  for (const warning of registerSecrets(config, secrets)) logger.warn(warning);
  const observers = new Set<(request: RequestObservation) => void>();
  let serverDate: { readonly date: Date; readonly receivedAt: Date } | null = null;
  const api = connectToProxmox(
    config,
    (request) => {
      logger.debug({ proxmox: request }, 'proxmox request');
      if (request.serverDate) serverDate = { date: request.serverDate, receivedAt: clock.now() };
      for (const observer of observers) observer(request);
    },
    { environment },
  );
  const ssh = createSshAccess(config.ssh, environment);
  const stopping = new AbortController();
  const inventory = createInventory(clusterReads(api), { maxAgeMs: config.proxmox.inventory_seconds * 1000 });
  // Never forgotten for a job: where a guest was is a good guess, and a wrong one costs one more read.
  const places = createInventory(clusterReads(api), { maxAgeMs: PLACES_KEPT_MS });
  const shown = createReader(api, { lists: inventory, places });
  const runner = createRunner(createPlanner(api, places), createContainerFiles(ssh.openShell), shown);
  const operations: readonly Operation[] = Object.values(CATALOG).flat();
  const tasks = new Map(operations.filter((operation): operation is Task => operation.kind === 'task').map((task) => [task.name, task]));

  const policy = await loadPolicy(config, CATALOG);
  for (const finding of policy.findings)
    logger[finding.weaker_than_default ? 'warn' : 'info']({ path: finding.path }, describeFinding(finding));

  const audit = createAuditLog({
    folder: auditFolder(config.audit.folder, environment),
    clock,
    secrets,
    withinMs: config.audit.timeout_ms,
  });
  const store = await openJobStore(config, { environment, clock });
  const outputs = createKeptOutputs({
    folder: outputsFolder(environment),
    clock,
    onFault: (error) => logger.warn({ err: error }, 'the output of a command could not be kept'),
  });
  const validForMs = config.approvals.valid_minutes * 60_000;
  const describeTargets = createDescribeTargets(createReader(api));
  const checkApproval = createCheckApproval({ describeTargets, policyVersion: policy.active.version, validForMs, clock });
  const jobs = createJobs({
    store,
    clock,
    settings: { retentionMs: config.jobs.retention_days * 86_400_000, ...jobsSettings },
    sends: !policy.section.read_only,
    onFault: (fault, about) => logger.error({ err: fault }, about),
    tasks: createTasks(api),
    work: createWork({
      api,
      runner,
      openShell: ssh.openShell,
      scrub: (text) => secrets.scrub(text),
      outputs,
      clock,
      stopping: stopping.signal,
      taskNamed: (name) => tasks.get(name),
      async beforeSend(job, plan) {
        await checkApproval(job, plan);
        await audit.record({ ...auditedJob(job), event: 'intent', facts: { step: auditedStep(plan.step), attempt: job.attempts } });
      },
      ended: (job) =>
        audit
          .record({
            ...auditedJob(job),
            event: 'outcome',
            facts: { state: job.state, effect: job.effect, upid: job.upid, ...auditedResult(job) },
          })
          .catch((error: unknown) => {
            logger.error({ err: error, job_id: job.jobId }, 'the outcome of a job could not be audited');
          }),
    }),
  });
  // What a job of ours has changed is seen by the very next read.
  jobs.subscribe(({ completedAt }) => {
    if (completedAt === null) return;
    api.forgetReads();
    inventory.forget();
  });
  const riskOfJob = ({ operation, input }: Pick<Job, 'operation' | 'input'>): Risk | undefined => {
    const task = tasks.get(operation);
    return task && riskOfCall(task, input);
  };
  const usage = createUsageWindow(jobs, riskOfJob, clock);
  const approvals = createApprovals({
    jobs,
    audit,
    usage,
    describeTargets,
    policyVersion: policy.active.version,
    settings: { validForMs, waitingPerPrincipal: config.approvals.waiting_per_principal, askedPerHour: config.approvals.asked_per_hour },
    clock,
  });
  const readers = createGuestTextReaders(clock);
  const authorize = createAuthorize({ active: policy.active, describeTargets, usage, readers });
  const dispatcher = createDispatcher({
    catalog: offeredCatalog({ ssh: ssh.openShell !== undefined }),
    runner,
    jobs,
    outputs,
    active: policy.active,
    admission: createAdmission({ authorize, approvals, audit, usage }),
    readers,
  });

  return {
    dispatcher,
    jobs,
    secrets,
    approvals,
    policy,
    describeGuest: (vmid) => describeGuest(createReader(api), { key: guestTarget(vmid), vmid }, { config: true, listing: true }),
    mcpTools: config.mcp.tools,
    checkReadiness: createReadiness({ reader: createReader(api), jobs, clock, serverDate: () => serverDate }),
    onProxmoxRequest(listener) {
      observers.add(listener);
      return () => observers.delete(listener);
    },
    async close() {
      stopping.abort();
      await ssh.close();
      await jobs.close();
      await audit.close();
      await api.close();
    },
  };
}

function auditedJob(job: Job): Omit<AuditEntry, 'event'> {
  return { principal: job.principalId, surface: job.surface, request_id: job.requestId, job_id: job.jobId, operation: job.operation };
}
