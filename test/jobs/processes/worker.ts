import { createInterface } from 'node:readline';
import type { Clock } from '../../../src/domain/clock.ts';
import { systemClock } from '../../../src/domain/clock.ts';
import type { Mutation } from '../../../src/domain/mutation.ts';
import { OperationError } from '../../../src/domain/operation-error.ts';
import { send, sendThenContinue, unchanged } from '../../../src/domain/plan.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import type { RepeatClass } from '../../../src/domain/repeat-class.ts';
import { createJobs } from '../../../src/jobs/create-jobs.ts';
import { FAILPOINT_HOOK } from '../../../src/jobs/failpoint.ts';
import type { Answer, TaskEntry, TaskStatus, Tasks, Work } from '../../../src/jobs/ports.ts';
import { openPostgresStore } from '../../../src/jobs/postgres-store.ts';
import { openSqliteStore } from '../../../src/jobs/sqlite-store.ts';

// Waiting for a busy database does not keep a process alive by itself.
setInterval(() => undefined, 60_000);

/*
 * A server of its own process around the real jobs room: takes calls as JSON lines on stdin, answers on stdout. It lives
 * SPEED times as fast as the wall clock, so that a quiet time of minutes passes in seconds.
 */
const { STORE = '', WORLD = '', FAILPOINT = '', FAILPOINT_NUMBER = '1', SPEED = '60', LEASE_MS = '1200' } = process.env;
const leaseMs = Number(LEASE_MS);
const speed = Number(SPEED);
const isPostgres = STORE.startsWith('postgres:');

let passes = 0;
(globalThis as Record<string, unknown>)[FAILPOINT_HOOK] = (name: string): void => {
  if (name !== FAILPOINT) return;
  passes += 1;
  if (passes === Number(FAILPOINT_NUMBER)) process.kill(process.pid, 'SIGKILL');
};

const EPOCH = Date.parse('2026-01-01T00:00:00Z');
const clock: Clock = {
  now: () => new Date(EPOCH + (Date.now() - EPOCH) * speed),
  monotonic: () => performance.now() * speed,
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / speed, signal),
};

const OPERATIONS: Readonly<Record<string, { verb: string; repeat: RepeatClass }>> = {
  start_vm: { verb: 'start', repeat: 'convergent' },
  reset_vm: { verb: 'reset', repeat: 'non-repeatable' },
  destroy_vm: { verb: 'destroy', repeat: 'destructive' },
  set_vm: { verb: 'set', repeat: 'convergent' },
};

interface Input {
  readonly vmid: number;
  readonly value: number;
}

async function look<T>(path: string, query: Record<string, string> = {}): Promise<T> {
  try {
    const response = await fetch(`${WORLD}${path}?${new URLSearchParams(query).toString()}`);
    return (await response.json()) as T;
  } catch (cause) {
    throw new OperationError('proxmox_unreachable', 'The world does not answer.', { cause });
  }
}

interface Guest {
  readonly exists: boolean;
  readonly running: boolean;
  readonly value: number;
}

function step(verb: string, { vmid, value }: Input, repeat?: RepeatClass): Mutation {
  const task = verb === 'set' ? null : { types: [`qm${verb}`], id: String(vmid) };
  return {
    kind: 'request',
    node: 'pve1',
    targets: [`guest/${vmid}`],
    task,
    method: 'POST',
    route: `/${verb}`,
    path: `/${verb}/${vmid}`,
    params: { value },
    secretParams: [],
    ...(repeat ? { repeat } : {}),
  };
}

async function plan(operation: string, input: Input): Promise<Plan> {
  const guest = await look<Guest>('/guest', { vmid: String(input.vmid) });
  const { verb } = OPERATIONS[operation] ?? { verb: 'reset' };
  if (!guest.exists) throw new OperationError('not_found', 'The guest does not exist.');
  if (verb === 'start' && guest.running) return unchanged('It runs.');
  if (verb === 'set' && guest.value === input.value) return unchanged('It is set.');
  if (verb === 'destroy' && guest.running) return sendThenContinue(step('stop', input, 'convergent'));
  return send(step(verb, input));
}

const work: Work = {
  plan: ({ job, input }) => plan(job.operation, input as unknown as Input),
  beforeSend: () => Promise.resolve(),
  async send({ job, input }, sending, { sendBefore }): Promise<Answer> {
    if (clock.monotonic() >= sendBefore) return { kind: 'not_sent', error: new OperationError('timeout', 'Too late.') };
    const { path } = sending.step as Mutation;
    const body = JSON.stringify({ jobId: job.jobId, attempt: job.retryCount, step: job.stepsDone + 1, verb: path.split('/')[1], ...input });
    try {
      const response = await fetch(`${WORLD}/write`, { method: 'POST', body });
      const answer = (await response.json()) as { upid?: string; done?: boolean; refused?: string };
      if (answer.upid !== undefined) return { kind: 'task', upid: answer.upid };
      if (answer.done) return { kind: 'done', result: {} };
      return { kind: 'refused', error: new OperationError('proxmox_failed', answer.refused ?? 'refused'), again: false };
    } catch (cause) {
      return { kind: 'in_doubt', error: new OperationError('proxmox_unreachable', 'The answer was lost.', { cause, effect: 'unknown' }) };
    }
  },
  async verify({ job, input }) {
    const { vmid, value } = input as unknown as Input;
    const guest = await look<Guest>('/guest', { vmid: String(vmid) });
    if (job.operation === 'start_vm') return guest.running ? 'achieved' : 'absent';
    if (job.operation === 'set_vm') return guest.value === value ? 'achieved' : 'absent';
    if (job.operation === 'destroy_vm') return guest.exists ? 'absent' : 'achieved';
    return 'unclear';
  },
  ended: () => Promise.resolve(),
};

const tasks: Tasks = {
  async status(upid) {
    const status = await look<TaskStatus | null>('/status', { upid });
    if (!status) throw new OperationError('not_found', 'no such task');
    return status;
  },
  log: () => Promise.resolve({ lines: [], total: 0 }),
  ofType: (_node, task) => look<TaskEntry[]>('/of-type', { types: task.types.join(','), id: task.id }),
  active: () => look<TaskEntry[]>('/active'),
  clusterLog: () => look<string[]>('/log'),
  stop: () => Promise.resolve(),
};

const store = isPostgres ? await openPostgresStore(STORE, { clock: systemClock }) : await openSqliteStore(STORE, { clock });
const jobs = createJobs({
  store,
  work,
  tasks,
  clock,
  // Leases run on the clock of the database, which no test can hurry.
  settings: {
    quietMs: 90_000,
    leaseMs: isPostgres ? leaseMs : leaseMs * speed,
    heartbeatEveryMs: 300 * speed,
    takeOverEveryMs: 200 * speed,
    feedEveryMs: 50 * speed,
    followEveryMs: 60 * speed,
    followLeaseMs: isPostgres ? leaseMs : leaseMs * speed,
    statusPerSecond: 20,
    observeEveryMs: 200 * speed,
    answerWithinMs: 500 * speed,
    sendWithinMs: 900 * speed,
    // A busy machine misses deadlines that are sixty times as short.
    maxSends: 8,
  },
});

interface Call {
  readonly id: number;
  readonly operation?: string;
  readonly vmid?: number;
  readonly key?: string;
}

async function answer({ operation, vmid = 0, key = '' }: Call): Promise<unknown> {
  if (operation === undefined) {
    const { jobs: all } = await jobs.list({ limit: 500 });
    return all.map((job) => ({
      jobId: job.jobId,
      state: job.state,
      operation: job.operation,
      vmid: job.input['vmid'],
      key: job.metadata['key'],
      retryCount: job.retryCount,
      owner: job.epoch,
    }));
  }
  const input: Input = { vmid, value: 7 };
  const principal = { kind: 'key', id: 'key:test', scopes: ['admin'], surface: 'http' } as const;
  const request = { operation, principal, input: { ...input }, secretFields: [], idempotencyKey: key };
  const earlier = await jobs.replay(request);
  if (earlier) return { jobId: earlier.jobId, state: earlier.state };
  const planned = await plan(operation, input);
  if (planned.kind === 'unchanged') return { state: 'unchanged' };
  const { repeat } = OPERATIONS[operation] ?? { repeat: 'non-repeatable' };
  const accepted = await jobs.accept({
    ...request,
    repeat,
    summary: `${operation} ${vmid}`,
    requestId: null,
    metadata: { key },
    plan: planned,
    approval: null,
  });
  return { jobId: accepted.job.jobId, state: accepted.job.state };
}

process.stdout.write('{"id":0,"ready":true}\n');
for await (const line of createInterface({ input: process.stdin })) {
  const call = JSON.parse(line) as Call;
  void answer(call).then(
    (value) => process.stdout.write(`${JSON.stringify({ id: call.id, value })}\n`),
    (fault: unknown) =>
      process.stdout.write(`${JSON.stringify({ id: call.id, error: fault instanceof OperationError ? fault.code : String(fault) })}\n`),
  );
}
