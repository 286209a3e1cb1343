import { expect, test } from 'vitest';
import { createJobs } from '../../src/jobs/create-jobs.ts';
import { isFinal } from '../../src/jobs/job.ts';
import type { JobRecord } from '../../src/jobs/job-record.ts';
import { createMachine } from './simulation/machine.ts';
import type { InjectedFault, Injection } from './simulation/machine.ts';
import { memoryStore } from './simulation/memory-store.ts';
import { CALM } from './simulation/models.ts';
import { createObserver } from './simulation/observer.ts';
import { OPERATIONS, planFor, portsFor } from './simulation/operations.ts';
import { chance } from './simulation/random.ts';
import { createScheduler } from './simulation/scheduler.ts';
import { createWorld } from './simulation/world.ts';
import { alice } from './a-job.ts';

const FAULTS: readonly InjectedFault[] = ['kill', 'fail', 'deafen', 'pause'];
/** Every class of operations, with a task, without one, of two steps, and carried out by the HA manager. */
const CASES = [
  ['start_vm', 101],
  ['start_vm', 140],
  ['stop_vm', 100],
  ['set_vm', 100],
  ['create_vm', 103],
  ['reset_vm', 100],
  ['create_backup', 100],
  ['execute', 100],
  ['destroy_vm', 101],
  ['destroy_vm', 100],
] as const;

interface Outcome {
  readonly job: JobRecord | undefined;
  readonly violations: readonly string[];
  /** Calls the first server made until the job was over. */
  readonly calls: number;
}

/** One job on one server that meets one fault, and a second server that is there to pick up the pieces. */
async function run(operation: string, vmid: number, inject: Injection): Promise<Outcome> {
  const scheduler = createScheduler();
  const random = chance(3);
  const guests = Array.from({ length: 48 }, (_, index) => ({
    vmid: 100 + index,
    node: 'pve1',
    ha: index === 40,
    exists: index !== 3,
    running: index % 2 === 0 && index !== 40,
    marker: null,
    value: 0,
    changedAt: 0,
  }));
  const world = createWorld(scheduler, random, CALM.world, guests);
  const observer = createObserver(world, CALM, scheduler);
  const tables = memoryStore(() => Date.parse('2026-01-01T00:00:00Z') + scheduler.now());
  const store = observer.watch(tables);
  let calls = 0;
  const start = (injection?: Injection) => {
    const machine = createMachine(scheduler, random, CALM.machine, () => undefined, injection);
    const ports = portsFor(world, machine, scheduler, random, CALM.world, observer);
    const settings = { feedEveryMs: 2000, followEveryMs: 4000, takeOverEveryMs: 3000 };
    const jobs = createJobs({
      ...ports,
      store: machine.store(store),
      clock: machine.clock,
      random: { uuid: () => random.uuid(), next: () => random.next() },
      settings,
    });
    return { machine, jobs };
  };
  const first = start((call) => {
    calls = call;
    return inject(call);
  });
  const input = { vmid, value: 5 };
  const plan = planFor(world, operation, input);
  if (plan.kind === 'unchanged') throw new Error('nothing to do');
  const { repeat } = OPERATIONS[operation] ?? { repeat: 'convergent' };
  const request = {
    operation,
    repeat,
    summary: operation,
    principal: alice,
    requestId: null,
    input,
    secretFields: [],
    metadata: {},
    plan,
    idempotencyKey: 'k',
    approval: null,
  };
  first.jobs.accept(request).catch(() => undefined);
  start();
  let job: JobRecord | undefined;
  for (let slices = 0; slices < 400; slices += 1) {
    await scheduler.runUntil(scheduler.now() + 2000);
    [job] = [...tables.tables.jobs.values()];
    if (job && isFinal(job.state)) break;
    if (!job && scheduler.now() > 60_000) break;
  }
  const made = calls;
  // A server that stood still wakes up and must do no harm.
  await scheduler.runUntil(scheduler.now() + 70_000);
  [job] = [...tables.tables.jobs.values()];
  observer.conclude(job ? [job] : []);
  first.machine.kill();
  return { job, violations: observer.violations, calls: made };
}

test.each(CASES)('%s %i tells the truth whatever call meets whatever fault', { timeout: 60_000 }, async (operation, vmid) => {
  const calm = await run(operation, vmid, () => undefined);
  expect(calm.violations).toEqual([]);
  expect(calm.job?.state).toBe('succeeded');
  // Start, accept, audit, intent, request, answer: fewer calls would mean that they are not counted.
  expect(calm.calls).toBeGreaterThan(7);
  const broken: string[] = [];
  for (const fault of FAULTS)
    for (let at = 1; at <= Math.min(calm.calls, 250); at += 1) {
      const { job, violations } = await run(operation, vmid, (call) => (call === at ? fault : undefined));
      for (const violation of violations) broken.push(`${fault} at call ${at}: ${violation}`);
      if (job && !isFinal(job.state)) broken.push(`${fault} at call ${at}: still ${job.state}`);
    }
  expect(broken).toEqual([]);
});
