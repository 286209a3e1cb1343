import type { Clock } from '../../../src/domain/clock.ts';
import { systemClock } from '../../../src/domain/clock.ts';
import type { Mutation } from '../../../src/domain/mutation.ts';
import { OperationError } from '../../../src/domain/operation-error.ts';
import { send, sendThenContinue, unchanged } from '../../../src/domain/plan.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import type { RepeatClass } from '../../../src/domain/repeat-class.ts';
import { createJobs } from '../../../src/jobs/create-jobs.ts';
import type { Answer, TaskEntry, TaskStatus, Tasks, Work } from '../../../src/jobs/ports.ts';
import { openPostgresStore } from '../../../src/jobs/postgres-store.ts';
import { openSqliteStore } from '../../../src/jobs/sqlite-store.ts';

/** Real time: a server that is stopped in the middle of a transaction goes on holding the file. */
const GIVE_UP_AFTER_MS = 10_000;
const EPOCH = Date.parse('2026-01-01T00:00:00Z');
const OPERATIONS: Readonly<Record<string, { verb: string; repeat: RepeatClass }>> = {
  start_vm: { verb: 'start', repeat: 'convergent' },
  reset_vm: { verb: 'reset', repeat: 'non-repeatable' },
  destroy_vm: { verb: 'destroy', repeat: 'destructive' },
  set_vm: { verb: 'set', repeat: 'convergent' },
};

export interface ShownJob {
  readonly jobId: string;
  readonly state: string;
  readonly operation: string;
  readonly vmid: number;
  readonly key: string;
  readonly retryCount: number;
}

export interface CallAnswer {
  readonly jobId?: string;
  readonly state: string;
}

/** A server around the real jobs room, with the small world of `http-world.ts` for its cluster. */
export interface WorldServer {
  call(operation: string, vmid: number, key: string): Promise<CallAnswer>;
  list(): Promise<readonly ShownJob[]>;
  close(): Promise<void>;
}

interface Input {
  readonly vmid: number;
  readonly value: number;
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

/** Starts one on a file or a PostgreSQL URL. It lives `speed` times as fast as the wall clock, so that a quiet time of minutes passes in seconds. */
export async function startWorldServer(file: string, world: string, { speed = 60, leaseMs = 1200 } = {}): Promise<WorldServer> {
  const isPostgres = file.startsWith('postgres:');
  const clock: Clock = {
    now: () => new Date(EPOCH + (Date.now() - EPOCH) * speed),
    monotonic: () => performance.now() * speed,
    sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / speed, signal),
  };

  async function look<T>(path: string, query: Record<string, string> = {}): Promise<T> {
    try {
      const response = await fetch(`${world}${path}?${new URLSearchParams(query).toString()}`);
      return (await response.json()) as T;
    } catch (cause) {
      throw new OperationError('proxmox_unreachable', 'The world does not answer.', { cause });
    }
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
      const body = JSON.stringify({
        jobId: job.jobId,
        attempt: job.retryCount,
        step: job.stepsDone + 1,
        verb: path.split('/')[1],
        ...input,
      });
      try {
        const response = await fetch(`${world}/write`, { method: 'POST', body });
        const answer = (await response.json()) as { upid?: string; done?: boolean; refused?: string };
        if (answer.upid !== undefined) return { kind: 'task', upid: answer.upid };
        if (answer.done) return { kind: 'done', result: {} };
        return { kind: 'refused', error: new OperationError('proxmox_failed', answer.refused ?? 'refused'), mayResend: false };
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
    tokenId: 'root@pam!mcp',
    clusterId: () => Promise.resolve(world),
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

  const store = isPostgres
    ? await openPostgresStore(file, { clock: systemClock })
    : await openSqliteStore(file, { clock, giveUpAfterMs: GIVE_UP_AFTER_MS * speed });
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

  async function list(): Promise<readonly ShownJob[]> {
    const { jobs: all } = await jobs.list({ limit: 500 });
    return all.map((job) => ({
      jobId: job.jobId,
      state: job.state,
      operation: job.operation,
      vmid: job.input['vmid'] as number,
      key: job.metadata['key'] as string,
      retryCount: job.retryCount,
    }));
  }

  async function call(operation: string, vmid: number, key: string): Promise<CallAnswer> {
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

  return { call, list, close: () => jobs.close() };
}
