import type { GuestCommand, Step } from '../../../src/domain/mutation.ts';
import { OperationError } from '../../../src/domain/operation-error.ts';
import { send, sendThenContinue, unchanged } from '../../../src/domain/plan.ts';
import type { Plan } from '../../../src/domain/plan.ts';
import type { RepeatClass } from '../../../src/domain/repeat-class.ts';
import { parseUpid } from '../../../src/domain/upid.ts';
import type { Answer, Tasks, Work } from '../../../src/jobs/ports.ts';
import type { Job } from '../../../src/jobs/job.ts';
import type { Machine } from './machine.ts';
import type { Chance } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import type { Guest, Sent, Verb, World, WorldFaults } from './world.ts';

export interface SimulatedInput {
  readonly vmid: number;
  readonly value: number;
}

export const OPERATIONS: Readonly<Record<string, { readonly verb: Verb; readonly repeat: RepeatClass }>> = {
  start_vm: { verb: 'start', repeat: 'convergent' },
  stop_vm: { verb: 'stop', repeat: 'convergent' },
  set_vm: { verb: 'config', repeat: 'convergent' },
  create_vm: { verb: 'create', repeat: 'create-once' },
  reset_vm: { verb: 'reset', repeat: 'non-repeatable' },
  create_backup: { verb: 'backup', repeat: 'non-repeatable' },
  execute: { verb: 'exec', repeat: 'non-repeatable' },
  destroy_vm: { verb: 'destroy', repeat: 'destructive' },
};

function stepFor(world: World, verb: Verb, guest: Guest, value: number, repeat?: RepeatClass): Step {
  const intent = { node: guest.node, targets: [`guest/${guest.vmid}`], task: world.expected(verb, guest), ...(repeat ? { repeat } : {}) };
  if (verb === 'exec')
    return {
      ...intent,
      kind: 'command',
      channel: 'guest-agent',
      vmid: guest.vmid,
      argv: ['true'],
      timeoutSeconds: 20,
    } satisfies GuestCommand;
  const path = `/nodes/${guest.node}/qemu/${guest.vmid}/${verb}`;
  return {
    ...intent,
    kind: 'request',
    method: verb === 'destroy' ? 'DELETE' : 'POST',
    route: path,
    path,
    params: { value },
    secretParams: [],
  };
}

/** What an operation wants, from the world as it stands. */
export function planFor(world: World, operation: string, input: SimulatedInput): Plan {
  const { verb } = OPERATIONS[operation] ?? { verb: 'exec' };
  const guest = world.guest(input.vmid);
  const missing = (): never => {
    throw new OperationError('not_found', `VM ${guest.vmid} does not exist`);
  };
  switch (verb) {
    case 'start':
      if (!guest.exists) missing();
      return guest.running ? unchanged('already running') : send(stepFor(world, 'start', guest, 0));
    case 'stop':
      if (!guest.exists) missing();
      return guest.running ? send(stepFor(world, 'stop', guest, 0)) : unchanged('already stopped');
    case 'config':
      if (!guest.exists) missing();
      return guest.value === input.value ? unchanged('already set') : send(stepFor(world, 'config', guest, input.value));
    case 'create':
      if (guest.exists) throw new OperationError('conflict', `VM ${guest.vmid} exists`);
      return send(stepFor(world, 'create', guest, 0));
    case 'destroy':
      if (!guest.exists) missing();
      return guest.running ? sendThenContinue(stepFor(world, 'stop', guest, 0, 'convergent')) : send(stepFor(world, 'destroy', guest, 0));
    case 'reset':
    case 'backup':
    case 'exec':
      if (!guest.exists) missing();
      if (verb === 'reset' && !guest.running) throw new OperationError('conflict', 'not running');
      return send(stepFor(world, verb, guest, 0));
  }
}

/** Whether the world is as a job wants it. */
export function isAchieved(world: World, operation: string, input: SimulatedInput, jobId: string): 'achieved' | 'absent' | 'unclear' {
  const guest = world.guest(input.vmid);
  switch (OPERATIONS[operation]?.verb) {
    case 'start':
      return guest.exists && guest.running ? 'achieved' : 'absent';
    case 'stop':
      return guest.exists && !guest.running ? 'achieved' : 'absent';
    case 'config':
      return guest.exists && guest.value === input.value ? 'achieved' : 'absent';
    case 'create':
      return guest.exists && guest.marker === jobId ? 'achieved' : 'absent';
    case 'destroy':
      return guest.exists ? 'absent' : 'achieved';
    case 'reset':
    case 'backup':
    case 'exec':
    case undefined:
      return 'unclear';
  }
}

function verbOf(step: Step): Verb {
  return step.kind === 'command' ? 'exec' : (step.path.split('/').at(-1) as Verb);
}

export interface SimulatedPorts {
  readonly work: Work;
  readonly tasks: Tasks;
}

/** What the simulation must know of each send. */
export interface Witness {
  /** Called at the moment the first byte would go out. */
  written(request: Sent): void;
  audited(jobId: string): void;
  toldAchieved(jobId: string): void;
  /** Called when the world is looked at for a job. */
  looked(jobId: string): void;
}

/** The cluster as one process reaches it, over a network that loses, delays and breaks things. */
export function portsFor(
  world: World,
  machine: Machine,
  scheduler: Scheduler,
  random: Chance,
  faults: WorldFaults,
  witness: Witness,
): SimulatedPorts {
  const { call } = machine;
  const latency = (): number => random.between(2, 40);
  const reading = <T>(node: string | null, look: () => T): Promise<T> =>
    call(latency(), latency(), async () => {
      world.read(node);
      return look();
    });
  const inputOf = (job: Job): SimulatedInput => job.input as unknown as SimulatedInput;

  async function write(job: Job, step: Step, value: number, sendBefore: number): Promise<Answer> {
    const refused = new OperationError('proxmox_unreachable', 'connection refused');
    const lost = new OperationError('timeout', 'no answer', { effect: 'unknown' });
    const chance = (probability: number): boolean => !world.healed() && random.happens(probability);
    // Connecting takes a moment, in which the process may be stopped.
    await call(random.between(0, 20), 0, () => Promise.resolve());
    if (machine.clock.monotonic() >= sendBefore) return { kind: 'not_sent', error: new OperationError('timeout', 'deadline passed') };
    if (!world.reachable(step.node) || chance(faults.refusedConnection)) return { kind: 'not_sent', error: refused };
    const verb = verbOf(step);
    const request: Sent = {
      id: world.sent.length + 1,
      jobId: job.jobId,
      attempt: job.retryCount,
      step: job.stepsDone + 1,
      verb,
      vmid: inputOf(job).vmid,
      value,
      at: scheduler.now(),
      refused: false,
      applied: false,
      undone: false,
      upid: null,
    };
    world.sent.push(request);
    witness.written(request);
    if (chance(faults.lostRequest)) {
      await machine.clock.sleep(random.happens(0.5) ? 30_000 : 50);
      return { kind: 'in_doubt', error: lost };
    }
    if (chance(faults.late)) {
      scheduler.after(random.between(...faults.lateMs), () => world.deliver(request));
      await machine.clock.sleep(random.happens(0.7) ? 30_000 : 50);
      return { kind: 'in_doubt', error: lost };
    }
    const silent = chance(faults.lostResponse);
    // What is on the wire arrives, whatever becomes of the process.
    const reply = await new Promise<ReturnType<World['deliver']>>((resolve) => {
      scheduler.after(random.between(2, 60), () => {
        resolve(world.deliver(request));
      });
    });
    if (silent) {
      await machine.clock.sleep(random.happens(0.5) ? 30_000 : 100);
      return { kind: 'in_doubt', error: lost };
    }
    return call(0, latency(), () => Promise.resolve(answerTo(reply)));
  }

  function answerTo(reply: ReturnType<World['deliver']>): Answer {
    switch (reply.kind) {
      case 'upid':
        return { kind: 'task', upid: reply.upid };
      case 'null':
        return { kind: 'done', result: {} };
      case 'error':
        return { kind: 'refused', error: new OperationError('proxmox_failed', reply.message), mayResend: reply.again };
      case 'ambiguous':
        return { kind: 'in_doubt', error: new OperationError('proxmox_failed', ".active.lock' - got timeout", { effect: 'unknown' }) };
    }
  }

  return {
    work: {
      plan: ({ job }) =>
        reading(world.guest(inputOf(job).vmid).node, () => {
          const plan = planFor(world, job.operation, inputOf(job));
          if (plan.kind === 'unchanged') witness.toldAchieved(job.jobId);
          return plan;
        }),
      async beforeSend(job) {
        await call(1, 1, () => Promise.resolve());
        witness.audited(job.jobId);
      },
      send: ({ job }, { step }, { sendBefore }) => write(job, step, inputOf(job).value, sendBefore),
      verify: ({ job }) =>
        reading(world.guest(inputOf(job).vmid).node, () => {
          witness.looked(job.jobId);
          const seen = isAchieved(world, job.operation, inputOf(job), job.jobId);
          if (seen === 'achieved') witness.toldAchieved(job.jobId);
          return seen;
        }),
      ended: () => Promise.resolve(),
    },
    tasks: {
      status: (upid) => reading(upid.split(':')[1] ?? null, () => world.status(upid)),
      log: (upid) => reading(upid.split(':')[1] ?? null, () => ({ lines: ['TASK WARNINGS: 1'], total: 1 })),
      tokenId: 'root@pam!mcp',
      clusterId: () => Promise.resolve('this cluster'),
      ofType: (node, task, tokenId) => reading(node, () => world.ofType(node, task).filter(({ upid }) => parseUpid(upid).user === tokenId)),
      active: (node) => reading(node, () => world.active(node)),
      clusterLog: (tokenId) => reading(null, () => world.clusterLog().filter((upid) => parseUpid(upid).user === tokenId)),
      stop: (upid) =>
        reading(upid.split(':')[1] ?? null, () => {
          world.stop(upid);
        }),
    },
  };
}
