import { createJobs } from '../../src/jobs/create-jobs.ts';
import type { Jobs, NewJob } from '../../src/jobs/jobs.ts';
import type { Job } from '../../src/jobs/job.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import type { Tasks, Work } from '../../src/jobs/ports.ts';
import type { JobsSettings } from '../../src/jobs/settings.ts';
import { createMachine } from './simulation/machine.ts';
import type { Machine } from './simulation/machine.ts';
import { memoryStore } from './simulation/memory-store.ts';
import { CALM } from './simulation/models.ts';
import { OPERATIONS, planFor, portsFor } from './simulation/operations.ts';
import { chance } from './simulation/random.ts';
import { createScheduler } from './simulation/scheduler.ts';
import { createWorld } from './simulation/world.ts';
import type { Guest, World, WorldFaults } from './simulation/world.ts';
import { alice } from './a-job.ts';

export interface Server {
  readonly jobs: Jobs;
  readonly machine: Machine;
  readonly work: Work;
  readonly tasks: Tasks;
}

export interface Cluster {
  readonly world: World;
  readonly store: JobStore;
  /** Starts a server on the shared store; parts of its ports may be replaced. */
  server(changes?: {
    work?: Partial<Work>;
    tasks?: Partial<Tasks>;
    settings?: Partial<JobsSettings>;
    store?: JobStore;
    faults?: Partial<WorldFaults>;
    onFault?: (fault: unknown, about: string) => void;
  }): Server;
  /** Lets virtual time pass until the promise settles. */
  settle<T>(promise: Promise<T>): Promise<T>;
  pass(milliseconds: number): Promise<void>;
  now(): number;
  /** A call that policy let pass, planned from the world as it is. */
  request(operation: string, vmid: number, fields?: Partial<NewJob>): NewJob;
  final(server: Server, jobId: string): Promise<Job>;
}

/** A quiet cluster with VMs 100 to 147, every second one running and every fourth missing, in virtual time. */
export function aCluster(options: { store?: JobStore; faults?: Partial<WorldFaults> } = {}): Cluster {
  const scheduler = createScheduler();
  const random = chance(7);
  const faults: WorldFaults = { ...CALM.world, ...options.faults };
  const guests: Guest[] = Array.from({ length: 48 }, (_, index) => ({
    vmid: 100 + index,
    node: `pve${(index % 3) + 1}`,
    ha: index === 40,
    exists: index % 4 !== 3,
    running: index % 2 === 0,
    marker: null,
    value: 0,
    changedAt: 0,
  }));
  const world = createWorld(scheduler, random, faults, guests);
  const store = options.store ?? memoryStore(() => Date.parse('2026-01-01T00:00:00Z') + scheduler.now());
  const witness = { written: () => undefined, audited: () => undefined, toldAchieved: () => undefined, looked: () => undefined };

  const cluster: Cluster = {
    world,
    store,
    server(changes = {}) {
      const machine = createMachine(scheduler, random, CALM.machine, () => undefined);
      const ports = portsFor(world, machine, scheduler, random, { ...faults, ...changes.faults }, witness);
      const work = { ...ports.work, ...changes.work };
      const tasks = { ...ports.tasks, ...changes.tasks };
      const jobs = createJobs({
        work,
        tasks,
        store: machine.store(changes.store ?? store),
        clock: machine.clock,
        random: { uuid: () => random.uuid(), next: () => random.next() },
        ...(changes.onFault ? { onFault: changes.onFault } : {}),
        ...(changes.settings ? { settings: changes.settings } : {}),
      });
      return { jobs, machine, work, tasks };
    },
    async settle(promise) {
      const state = { settled: false };
      const mark = (): void => {
        state.settled = true;
      };
      promise.then(mark, mark);
      for (let slices = 0; !state.settled && slices < 100_000; slices += 1) await scheduler.runUntil(scheduler.now() + 100);
      return promise;
    },
    pass: (milliseconds) => scheduler.runUntil(scheduler.now() + milliseconds),
    now: () => scheduler.now(),
    request(operation, vmid, fields = {}) {
      const input = { vmid, value: 1 };
      const plan = planFor(world, operation, input);
      if (plan.kind === 'unchanged') throw new Error(`nothing to do for ${operation} ${vmid}`);
      const { repeat } = OPERATIONS[operation] ?? { repeat: 'convergent' };
      return {
        operation,
        repeat,
        summary: `${operation} ${vmid}`,
        principal: alice,
        requestId: null,
        input,
        secretFields: [],
        metadata: { vmid },
        plan,
        idempotencyKey: null,
        approval: null,
        ...fields,
      };
    },
    async final(server, jobId) {
      for (let waits = 0; waits < 200; waits += 1) {
        const job = await cluster.settle(server.jobs.wait(jobId, { seconds: 50 }));
        if (job.completedAt !== null) return job;
      }
      throw new Error(`job ${jobId} does not end`);
    },
  };
  return cluster;
}
