import { cpusOf, drivesOf, guestWord, isTemplate, lockOf, type Guest } from '../model/guest.ts';
import { findVolume, parseVolid, type World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { refuseLocked, withGuestLock } from './guest-lock.ts';

/** Takes pending changes into force, as a start does. */
function applyPending(guest: Guest): void {
  for (const [key, value] of Object.entries(guest.pending)) {
    if (value === null) delete guest.config[key];
    else guest.config[key] = value;
  }
  guest.pending = {};
}

export function markRunning(world: World, guest: Guest): void {
  guest.status = 'running';
  guest.qmpstatus = 'running';
  guest.startedAt = world.clock.now();
  guest.pid = 2000 + world.random.between(1, 60_000);
}

export function markStopped(guest: Guest): void {
  guest.status = 'stopped';
  guest.qmpstatus = 'stopped';
  guest.pid = 0;
  guest.agent.processes.clear();
  applyPending(guest);
}

/** @throws Error when a volume is missing or its storage cannot be used */
function requireVolumes(world: World, guest: Guest): void {
  for (const drive of drivesOf(guest.kind, guest.config)) {
    const volid = parseVolid(drive.volid);
    if (volid === undefined) continue;
    const storage = world.storages.get(volid.storage);
    if (storage === undefined) throw new Error(`storage '${volid.storage}' does not exist`);
    if (storage.disabled) throw new Error(`storage '${volid.storage}' is disabled`);
    if (!storage.active) throw new Error(`storage '${volid.storage}' is not online`);
    if (findVolume(world, drive.volid, guest.node) === undefined) throw new Error(`volume '${drive.volid}' does not exist`);
  }
}

/** Starts a VM. @see qemu-server PVE/QemuServer.pm vm_start */
export function* startVm(world: World, guest: Guest): Work {
  yield* withGuestLock(guest, function* () {
    if (isTemplate(guest)) throw new Error("you can't start a vm if it's a template");
    const isSuspended = lockOf(guest) === 'suspended';
    if (!isSuspended) refuseLocked(guest);
    if (guest.status === 'running') throw new Error(`VM ${guest.vmid} already running`);
    if (isSuspended) yield 'Resuming suspended VM';
    applyPending(guest);
    const cpus = world.nodes.get(guest.node)?.cores ?? 1;
    if (cpusOf(guest, cpus) > cpus) throw new Error(`MAX ${cpus} vcpus allowed per VM on this node`);
    requireVolumes(world, guest);
    yield isSuspended ? 3 : 2;
    if (isSuspended) {
      yield `activating and using '${String(guest.config['vmstate'] ?? '')}' as vmstate`;
      yield 'Resumed VM, removing state';
      delete guest.config['lock'];
      delete guest.config['vmstate'];
    }
    markRunning(world, guest);
  });
}

/** Starts a container. @see pve-container PVE/LXC.pm vm_start */
export function* startContainer(world: World, guest: Guest): Work {
  yield* withGuestLock(guest, function* () {
    if (isTemplate(guest)) throw new Error("you can't start a CT if it's a template");
    refuseLocked(guest);
    if (guest.status === 'running') throw new Error(`CT ${guest.vmid} already running`);
    applyPending(guest);
    requireVolumes(world, guest);
    yield 1.5;
    markRunning(world, guest);
  });
}

/** Switches a guest off at once; a VM that is off already is fine. */
export function* stopGuest(guest: Guest): Work {
  yield* withGuestLock(guest, function* () {
    if (guest.status === 'stopped') return;
    refuseLocked(guest);
    yield 1;
    markStopped(guest);
  });
}

const agentConfigured = (guest: Guest): boolean => guest.kind === 'qemu' && /^(?:1|enabled=1)/.test(String(guest.config['agent'] ?? '0'));

/** Asks a guest to shut down and waits; `forceStop` switches it off when the time is over. */
export function* shutdownGuest(guest: Guest, timeoutSeconds: number, forceStop: boolean): Work {
  yield* withGuestLock(guest, function* () {
    if (guest.status === 'stopped') return;
    refuseLocked(guest);
    let takes = guest.shutdownSeconds;
    if (agentConfigured(guest) && !guest.agent.running) {
      yield `QEMU Guest Agent is not running - VM ${guest.vmid} qga command 'guest-ping' failed - got timeout`;
      takes = Number.POSITIVE_INFINITY;
    }
    yield Math.min(takes, timeoutSeconds);
    if (takes > timeoutSeconds) {
      if (!forceStop) throw new Error(guest.kind === 'qemu' ? 'VM quit/powerdown failed - got timeout' : 'container did not stop');
      yield `${guestWord(guest.kind) === 'VM' ? 'VM' : 'container'} still running - terminating now with SIGTERM`;
      yield 1;
    }
    markStopped(guest);
  });
}

/** Shuts a guest down and starts it again, with its pending changes. */
export function* rebootGuest(world: World, guest: Guest, timeoutSeconds: number): Work {
  yield* shutdownGuest(guest, timeoutSeconds, false);
  yield* guest.kind === 'qemu' ? startVm(world, guest) : startContainer(world, guest);
}

/** Saves the memory of a VM and switches it off. */
export function* suspendToDisk(world: World, guest: Guest): Work {
  refuseLocked(guest);
  guest.config['lock'] = 'suspending';
  try {
    const day = new Date(world.clock.now() * 1000).toISOString().slice(0, 10);
    yield `Formatting '/var/lib/vz/images/${guest.vmid}/vm-${guest.vmid}-state-suspend-${day}.raw', fmt=raw size=1061158912 preallocation=off`;
    yield 4;
    yield 'State saved, quitting';
    guest.config['vmstate'] = `local:${guest.vmid}/vm-${guest.vmid}-state-suspend-${day}.raw`;
    markStopped(guest);
    guest.config['lock'] = 'suspended';
  } finally {
    if (guest.config['lock'] === 'suspending') delete guest.config['lock'];
  }
}
