import { configFile, guestWord, lockOf, type Guest, type GuestKind } from '../model/guest.ts';
import type { World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';

/** The guest inside a worker, where a missing one is the task's error. @throws Error */
export function guestInTask(world: World, kind: GuestKind, node: string, vmid: number): Guest {
  const guest = world.guests.get(vmid);
  if (guest === undefined || guest.kind !== kind || guest.node !== node)
    throw new Error(`Configuration file '${configFile(kind, node, vmid)}' does not exist`);
  return guest;
}

/** @throws Error when the guest is locked for something else */
export function refuseLocked(guest: Guest, except?: string): void {
  const lock = lockOf(guest);
  if (lock !== undefined && lock !== except) throw new Error(`${guestWord(guest.kind)} is locked (${lock})`);
}

/** The file whose flock guards the config of a guest. */
export const lockFile = (guest: Guest): string =>
  guest.kind === 'qemu' ? `/var/lock/qemu-server/lock-${guest.vmid}.conf` : `/run/lock/lxc/pve-config-${guest.vmid}.lock`;

/**
 * Runs work while holding the lock on a guest's config file. A worker that finds it taken waits ten seconds.
 * @see pve-guest-common PVE/AbstractConfig.pm lock_config
 */
export function* withGuestLock(guest: Guest, work: () => Work): Work {
  if (guest.flock) {
    yield 'trying to acquire lock...';
    for (let waited = 0; waited < 10 && guest.flock; waited++) yield 1;
    if (guest.flock) throw new Error(`can't lock file '${lockFile(guest)}' - got timeout`);
    yield ' OK';
  }
  guest.flock = true;
  try {
    yield* work();
  } finally {
    guest.flock = false;
  }
}

/** Sets the `lock` option while work runs, and drops it whatever happens. */
export function* withConfigLock(guest: Guest, lock: string, work: () => Work): Work {
  guest.config['lock'] = lock;
  try {
    yield* work();
  } finally {
    if (guest.config['lock'] === lock) delete guest.config['lock'];
  }
}
