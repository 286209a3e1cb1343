import type { ExpectedTask } from '../../../src/domain/mutation.ts';
import { OperationError } from '../../../src/domain/operation-error.ts';
import type { Upid } from '../../../src/domain/upid.ts';
import type { TaskEntry, TaskStatus } from '../../../src/jobs/ports.ts';
import type { Chance } from './random.ts';
import type { Scheduler } from './scheduler.ts';

export interface Guest {
  readonly vmid: number;
  readonly node: string;
  readonly ha: boolean;
  exists: boolean;
  running: boolean;
  /** Job that created it. */
  marker: string | null;
  value: number;
  /** When somebody last changed it. */
  changedAt: number;
}

/** One request that was written to the wire. */
export interface Sent {
  readonly id: number;
  readonly jobId: string;
  readonly attempt: number;
  readonly step: number;
  readonly verb: Verb;
  readonly vmid: number;
  readonly value: number;
  readonly at: number;
  /** Proxmox said no before any work. */
  refused: boolean;
  /** The effect took place. */
  applied: boolean;
  /** Somebody else took the effect back later. */
  undone: boolean;
  upid: Upid | null;
}

export type Verb = 'start' | 'stop' | 'create' | 'destroy' | 'reset' | 'config' | 'backup' | 'exec';

interface WorldTask {
  readonly upid: Upid;
  readonly node: string;
  readonly type: string;
  readonly id: string;
  readonly vmid: number;
  readonly startedAt: number;
  endsAt: number;
  readonly exitStatus: string | null;
  /** In no task list, only in the cluster log. */
  readonly hidden: boolean;
  /** The request that started it; null when somebody else did. */
  readonly sent: Sent | null;
}

export interface WorldFaults {
  readonly refusedConnection: number;
  readonly lostRequest: number;
  readonly lostResponse: number;
  readonly late: number;
  readonly lateMs: readonly [number, number];
  readonly hiddenTask: number;
  readonly refuseForNow: number;
  readonly failedTask: number;
  readonly unexpectedEnd: number;
  readonly warnings: number;
  readonly failedRead: number;
  /** Mean time between outages of a node, ms; 0 is never. */
  readonly nodeDown: number;
  readonly nodeDownMs: readonly [number, number];
  readonly administrator: number;
  readonly foreignTask: number;
}

type Reply =
  | { readonly kind: 'upid'; readonly upid: Upid }
  | { readonly kind: 'null' }
  | { readonly kind: 'error'; readonly message: string; readonly again: boolean }
  | { readonly kind: 'ambiguous' };

const TYPES: Readonly<Record<Verb, string>> = {
  start: 'qmstart',
  stop: 'qmstop',
  create: 'qmcreate',
  destroy: 'qmdestroy',
  reset: 'qmreset',
  config: 'qmconfig',
  backup: 'vzdump',
  exec: '',
};
const LIST_MS = 3 * 3_600_000;

/** A model of a cluster: guests, tasks and everything that can go wrong between a client and them. */
export interface World {
  readonly guests: Map<number, Guest>;
  readonly sent: Sent[];
  readonly tasks: Map<Upid, WorldTask>;
  guest(vmid: number): Guest;
  expected(verb: Verb, guest: Guest): ExpectedTask | null;
  /** A request reaches Proxmox. */
  deliver(sent: Sent): Reply;
  reachable(node: string): boolean;
  /** Fails as a read of the cluster may. */
  read(node: string | null): void;
  status(upid: Upid): TaskStatus;
  ofType(node: string, task: ExpectedTask): TaskEntry[];
  active(node: string): TaskEntry[];
  clusterLog(): Upid[];
  stop(upid: Upid): void;
  heal(): void;
  healed(): boolean;
  /** Pairs of tasks of different jobs that ran on one guest at once. */
  readonly overlaps: readonly { readonly task: WorldTask; readonly other: WorldTask }[];
}

export function createWorld(scheduler: Scheduler, random: Chance, faults: WorldFaults, guests: readonly Guest[]): World {
  const byId = new Map(guests.map((guest) => [guest.vmid, guest]));
  const tasks = new Map<Upid, WorldTask>();
  const sent: Sent[] = [];
  const log: Upid[] = [];
  const down = new Map<string, number>();
  let healed = false;
  let pid = 4096;

  const chance = (probability: number): boolean => !healed && random.happens(probability);

  function guest(vmid: number): Guest {
    const found = byId.get(vmid);
    if (!found) throw new Error(`no guest ${vmid}`);
    return found;
  }

  function upidFor(node: string, type: string, id: string): Upid {
    pid += 1;
    const hex = (value: number): string => Math.floor(value).toString(16).toUpperCase().padStart(8, '0');
    return `UPID:${node}:${hex(pid)}:${hex(scheduler.now() / 10)}:${hex(1_767_225_600 + scheduler.now() / 1000)}:${type}:${id}:root@pam!mcp:`;
  }

  /** Applies the effect of a verb; answers an error of the task when it is impossible. */
  function effect(verb: Verb, vm: Guest, value: number, jobId: string): string | null {
    vm.changedAt = scheduler.now();
    switch (verb) {
      case 'start':
        if (!vm.exists) return `Configuration file 'nodes/${vm.node}/qemu-server/${vm.vmid}.conf' does not exist`;
        if (vm.running) return `VM ${vm.vmid} already running`;
        vm.running = true;
        return null;
      case 'stop':
        vm.running = false;
        return null;
      case 'create':
        vm.exists = true;
        vm.running = false;
        vm.marker = jobId;
        return null;
      case 'destroy':
        vm.exists = false;
        vm.running = false;
        vm.marker = null;
        return null;
      case 'config':
        vm.value = value;
        return null;
      case 'reset':
      case 'backup':
      case 'exec':
        return null;
    }
  }

  function refusal(verb: Verb, vm: Guest): string | null {
    if (verb === 'create') return vm.exists ? `unable to create VM ${vm.vmid} - VM ${vm.vmid} already exists on node '${vm.node}'` : null;
    if (verb === 'backup' || verb === 'exec' || verb === 'start') return null;
    if (!vm.exists) return `Configuration file 'nodes/${vm.node}/qemu-server/${vm.vmid}.conf' does not exist`;
    if (verb === 'destroy' && vm.running) return `VM ${vm.vmid} is running - destroy failed`;
    if (verb === 'reset' && !vm.running) return `VM ${vm.vmid} not running`;
    return null;
  }

  function apply(request: Sent | null, verb: Verb, vm: Guest): string | null {
    const error = effect(verb, vm, request?.value ?? 0, request?.jobId ?? '');
    if (error === null && request) request.applied = true;
    return error;
  }

  /** Whatever started or stopped this guest before has been taken back. */
  function undo(vm: Guest): void {
    vm.changedAt = scheduler.now();
    for (const request of sent) if (request.vmid === vm.vmid && request.applied) request.undone = true;
  }

  function startTask(request: Sent | null, verb: Verb, vm: Guest): WorldTask {
    const haRequest = vm.ha && verb === 'start';
    const type = haRequest ? 'hastart' : TYPES[verb];
    const id = verb === 'backup' ? '' : String(vm.vmid);
    const upid = upidFor(vm.node, type, id);
    const startedAt = scheduler.now();
    const fails = chance(faults.failedTask);
    const dies = !fails && chance(faults.unexpectedEnd);
    const warns = !fails && !dies && chance(faults.warnings);
    const worksBeforeDeath = !dies || random.happens(0.5);
    let exitStatus: string | null = 'OK';
    if (fails)
      exitStatus = random.happens(0.5)
        ? 'unable to open disk image: no such device'
        : "can't lock file '/var/lock/qemu-server/lock.conf' - got timeout";
    else if (dies) exitStatus = random.happens(0.3) ? null : 'unexpected status';
    else if (warns) exitStatus = 'WARNINGS: 1';
    if (!fails && worksBeforeDeath) {
      if (haRequest) {
        scheduler.after(random.between(6000, 60_000), () => {
          if (effect('start', vm, 0, '') === null && request) request.applied = true;
          else if (vm.running && request) request.applied = true;
        });
      } else {
        const error = apply(request, verb, vm);
        if (error !== null) exitStatus = error;
      }
    }
    const task: WorldTask = {
      upid,
      node: vm.node,
      type,
      id,
      vmid: vm.vmid,
      startedAt,
      endsAt: startedAt + random.between(200, verb === 'backup' || verb === 'create' ? 40_000 : 8000),
      exitStatus,
      hidden: chance(faults.hiddenTask) && request !== null,
      sent: request,
    };
    if (request) {
      request.upid = upid;
      checkAlone(task, request);
    }
    tasks.set(upid, task);
    log.push(upid);
    if (log.length > 400) log.shift();
    return task;
  }

  /** Jobs whose outcome is unknown may leave tasks behind; all others must be alone on their guest. */
  const overlaps: { readonly task: WorldTask; readonly other: WorldTask }[] = [];
  function checkAlone(task: WorldTask, request: Sent): void {
    for (const other of tasks.values())
      if (other.vmid === task.vmid && other.sent && other.sent.jobId !== request.jobId && other.endsAt > task.startedAt)
        overlaps.push({ task, other });
  }

  function fail(): never {
    throw new OperationError('proxmox_unreachable', 'read failed');
  }

  const world: World = {
    overlaps,
    guests: byId,
    sent,
    tasks,
    guest,
    expected(verb, vm) {
      if (verb === 'config' || verb === 'exec') return null;
      const type = TYPES[verb];
      return { types: verb === 'start' ? [type, 'hastart'] : [type], id: verb === 'backup' ? '' : String(vm.vmid) };
    },
    deliver(request) {
      const vm = guest(request.vmid);
      request.refused = true;
      if (chance(faults.refuseForNow)) return { kind: 'error', message: "can't lock file - got timeout", again: true };
      const error = refusal(request.verb, vm);
      if (error !== null) return { kind: 'error', message: error, again: false };
      request.refused = false;
      if (request.verb === 'config' || request.verb === 'exec') {
        apply(request, request.verb, vm);
        return { kind: 'null' };
      }
      const task = startTask(request, request.verb, vm);
      return task.hidden ? { kind: 'ambiguous' } : { kind: 'upid', upid: task.upid };
    },
    reachable: (node) => (down.get(node) ?? 0) <= scheduler.now() || healed,
    read(node) {
      if (node !== null && !world.reachable(node)) fail();
      if (chance(faults.failedRead)) fail();
    },
    status(upid) {
      const task = tasks.get(upid);
      if (!task || scheduler.now() - task.endsAt > LIST_MS) throw new OperationError('not_found', 'no such task');
      // A worker that has only just been forked is not known everywhere yet.
      if (scheduler.now() - task.startedAt < 300 && chance(0.3)) throw new OperationError('not_found', 'no such task');
      return task.endsAt > scheduler.now() ? { running: true, exitStatus: null } : { running: false, exitStatus: task.exitStatus };
    },
    ofType(node, expected) {
      return [...tasks.values()]
        .filter((task) => task.node === node && task.id === expected.id && expected.types.includes(task.type) && !task.hidden)
        .filter((task) => scheduler.now() - task.endsAt < LIST_MS)
        .map((task) => ({ upid: task.upid, running: task.endsAt > scheduler.now() }))
        .toReversed();
    },
    active(node) {
      const entries: TaskEntry[] = [];
      for (const task of tasks.values())
        if (task.node === node && !task.hidden && (task.endsAt > scheduler.now() || (scheduler.now() - task.endsAt < 3000 && chance(0.2))))
          entries.push({ upid: task.upid, running: true });
      return entries;
    },
    clusterLog: () => log.slice(-400).toReversed(),
    stop(upid) {
      const task = tasks.get(upid);
      if (!task || task.endsAt <= scheduler.now()) return;
      // The effect of a task takes place when it starts here, so a stop only shortens it.
      task.endsAt = scheduler.now() + 500;
    },
    heal() {
      healed = true;
    },
    healed: () => healed,
  };

  function everyNow(mean: number, act: () => void): void {
    scheduler.after(random.between(mean * 0.3, mean * 1.7), () => {
      if (healed) return;
      act();
      everyNow(mean, act);
    });
  }
  if (faults.administrator > 0)
    everyNow(faults.administrator, () => {
      const vm = random.pick(guests);
      const what = random.next();
      if (!vm.exists) {
        vm.exists = true;
        vm.marker = 'somebody';
      } else if (what < 0.6) {
        vm.running = !vm.running;
      } else if (what < 0.8) {
        vm.exists = false;
        vm.running = false;
      } else vm.value = -1;
      undo(vm);
    });
  if (faults.nodeDown > 0)
    everyNow(faults.nodeDown, () => {
      down.set(random.pick(guests).node, scheduler.now() + random.between(...faults.nodeDownMs));
    });
  if (faults.foreignTask > 0)
    everyNow(faults.foreignTask, () => {
      const vm = random.pick(guests);
      if (vm.exists) startTask(null, random.pick(['start', 'stop', 'reset', 'backup'] as const), vm);
      undo(vm);
    });
  return world;
}
