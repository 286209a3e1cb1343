import { OperationError } from '../../../src/domain/operation-error.ts';
import type { Principal } from '../../../src/domain/principal.ts';
import { createJobs } from '../../../src/jobs/create-jobs.ts';
import { isFinal } from '../../../src/jobs/job.ts';
import type { Job, JobEvent } from '../../../src/jobs/job.ts';
import type { JobRecord } from '../../../src/jobs/job-record.ts';
import type { JobStore } from '../../../src/jobs/job-store.ts';
import type { Jobs } from '../../../src/jobs/jobs.ts';
import type { Work } from '../../../src/jobs/ports.ts';
import { REMOVED_SAFEGUARD } from '../../../src/jobs/safeguards.ts';
import type { Safeguard } from '../../../src/jobs/safeguards.ts';
import { createMachine } from './machine.ts';
import type { Machine } from './machine.ts';
import { memoryStore } from './memory-store.ts';
import type { FaultModel } from './models.ts';
import { createObserver } from './observer.ts';
import { OPERATIONS, portsFor } from './operations.ts';
import { chance } from './random.ts';
import { createScheduler } from './scheduler.ts';
import { createWorld } from './world.ts';
import type { Guest } from './world.ts';

export interface SimulationOptions {
  readonly seed: number;
  readonly model: FaultModel;
  readonly operations?: number;
  /** The safeguard that all servers go without. */
  readonly without?: Safeguard | undefined;
  /** Answers the store all servers share; in memory unless given. */
  readonly openStore?: (nowMs: () => number) => Promise<JobStore>;
}

export interface SimulationResult {
  readonly violations: readonly string[];
  readonly jobs: number;
  readonly kills: number;
  readonly doubts: number;
  readonly sends: number;
  readonly states: Readonly<Record<string, number>>;
  readonly steps: number;
  readonly records: readonly JobRecord[];
  events(jobId: string): Promise<readonly JobEvent[]>;
}

interface Server {
  readonly machine: Machine;
  readonly jobs: Jobs;
  readonly work: Work;
}

const person: Principal = { kind: 'key', id: 'key:ops', scopes: ['admin'], surface: 'http' };
const NAMES = Object.keys(OPERATIONS);
const SERVERS = 3;
const HEALING_MS = 3 * 3_600_000;

/** Runs one seed: some servers, a cluster, faults, then healing; and says which promises did not hold. */
export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const { stackTraceLimit } = Error;
  // Thousands of errors are part of every run; nobody reads where they were made.
  Error.stackTraceLimit = 0;
  Object.assign(globalThis, { [REMOVED_SAFEGUARD]: options.without });
  try {
    return await runSeed(options);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    Object.assign(globalThis, { [REMOVED_SAFEGUARD]: undefined });
  }
}

async function runSeed(options: SimulationOptions): Promise<SimulationResult> {
  const { seed, model, operations = 200 } = options;
  const random = chance(seed);
  const scheduler = createScheduler();
  const nodes = ['pve1', 'pve2', 'pve3'];
  const guests: Guest[] = Array.from({ length: 48 }, (_, index) => ({
    vmid: 100 + index,
    node: nodes[index % 3] ?? 'pve1',
    ha: index % 8 === 0,
    exists: index % 4 !== 3,
    running: index % 2 === 0,
    marker: null,
    value: 0,
    changedAt: 0,
  }));
  const world = createWorld(scheduler, random, model.world, guests);
  const observer = createObserver(world, model, scheduler);
  const nowMs = (): number => Date.parse('2026-01-01T00:00:00Z') + scheduler.now();
  const shared = options.openStore ? await options.openStore(nowMs) : memoryStore(nowMs);
  const store = observer.watch(shared);
  const servers: Server[] = [];
  const faults: string[] = [];
  let kills = 0;
  let healed = false;
  let accepted = 0;

  function spawn(slot: number): void {
    const machine = createMachine(scheduler, random, model.machine, () => {
      kills += 1;
      scheduler.after(random.between(500, healed ? 1000 : 25_000), () => {
        spawn(slot);
      });
    });
    if (healed) machine.pause(0);
    const ports = portsFor(world, machine, scheduler, random, model.world, observer);
    const jobs = createJobs({
      ...ports,
      store: machine.store(store),
      clock: machine.clock,
      random: { uuid: () => random.uuid(), next: () => random.next() },
      settings: { feedEveryMs: 2000, followEveryMs: 4000, takeOverEveryMs: 3000, statusPerSecond: 5, evidenceMs: 3_600_000 },
      onFault: (fault, about) => {
        if (!(fault instanceof OperationError))
          faults.push(`${about}: ${fault instanceof Error ? (fault.stack ?? fault.message) : String(fault)}`);
      },
    });
    servers[slot] = { machine, jobs, work: ports.work };
  }
  for (let slot = 0; slot < SERVERS; slot += 1) spawn(slot);

  async function call(server: Server, operation: string, input: { vmid: number; value: number }, key: string | null): Promise<void> {
    const draft = { jobId: 'draft', operation, input, retryCount: 0, stepsDone: 0 } as unknown as Job;
    const plan = await server.work.plan({ job: draft, input }, new AbortController().signal);
    if (plan.kind === 'unchanged') return;
    const { repeat } = OPERATIONS[operation] ?? { repeat: 'convergent' };
    const request = {
      operation,
      repeat,
      summary: `${operation} ${input.vmid}`,
      principal: person,
      requestId: null,
      input,
      secretFields: [],
      metadata: key === null ? {} : { key },
      plan,
      idempotencyKey: key,
      approval: null,
    };
    const { job, replayed } = await server.jobs.accept(request);
    if (!replayed) accepted += 1;
    const then = random.next();
    if (then < 0.06) await server.jobs.cancel(job.jobId, person);
    else if (then < 0.2) await server.jobs.refresh(job.jobId);
    else if (then < 0.4) await server.jobs.wait(job.jobId, { seconds: 20 });
    if (!random.happens(0.15)) return;
    await server.machine.clock.sleep(random.between(1000, 240_000));
    const latest = await server.jobs.get(job.jobId);
    if (!latest || !isFinal(latest.state) || latest.state.startsWith('succeeded')) return;
    const again = await server.work.plan({ job: latest, input }, new AbortController().signal);
    if (again.kind === 'send') await server.jobs.retry(latest.jobId, person, { plan: again });
  }

  function ignore(fault: unknown): void {
    if (!(fault instanceof OperationError)) faults.push(fault instanceof Error ? (fault.stack ?? fault.message) : String(fault));
  }

  function arrive(left: number): void {
    if (left === 0) return;
    const operation = random.pick(NAMES);
    const input = { vmid: random.pick(guests).vmid, value: Math.floor(random.between(1, 1000)) };
    const key = random.happens(0.3) ? `key-${left}` : null;
    const living = servers.filter((server) => server.machine.alive());
    if (living.length > 0) {
      call(random.pick(living), operation, input, key).catch(ignore);
      if (key !== null || random.happens(0.1))
        scheduler.after(random.pick([20, 2000, 40_000, 200_000]), () => {
          const others = servers.filter((server) => server.machine.alive());
          if (others.length > 0) call(random.pick(others), operation, input, key).catch(ignore);
        });
    }
    scheduler.after(random.between(50, 2000), () => {
      arrive(left - 1);
    });
  }
  arrive(operations);

  await scheduler.runUntil(operations * 1100 + 60_000);
  healed = true;
  world.heal();
  for (const server of servers) server.machine.pause(0);
  const until = scheduler.now() + HEALING_MS;
  // What is late arrives, and a repeat of a client too.
  await scheduler.runUntil(scheduler.now() + Math.max(260_000, model.world.lateMs[1] + 60_000));
  for (;;) {
    const open = await shared.open();
    if (open.length === 0 || scheduler.now() >= until) break;
    await scheduler.runUntil(scheduler.now() + 30_000);
  }
  const records = await allRecords(shared);
  observer.conclude(records);
  const states: Record<string, number> = {};
  for (const record of records) states[record.state] = (states[record.state] ?? 0) + 1;
  for (const server of servers) server.machine.kill();
  return {
    violations: [...observer.violations, ...faults.map((fault) => `fault: ${fault}`)],
    jobs: Math.max(accepted, records.length),
    kills,
    doubts: observer.doubts(),
    sends: world.sent.length,
    states,
    steps: scheduler.steps(),
    records,
    events: (jobId) => shared.events(jobId),
  };
}

async function allRecords(store: JobStore): Promise<readonly JobRecord[]> {
  const records: JobRecord[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await store.list({ limit: 500, ...(cursor === undefined ? {} : { cursor }) });
    records.push(...page.records);
    if (page.nextCursor === null) return records;
    cursor = page.nextCursor;
  }
}
