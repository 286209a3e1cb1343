import { guestWord, type Guest } from '../model/guest.ts';
import type { HaResource, HaState, World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { shutdownGuest, startContainer, startVm, stopGuest } from './power.ts';

export const haSid = (guest: Guest): string => `${guest.kind === 'qemu' ? 'vm' : 'ct'}:${guest.vmid}`;

export const haResourceOf = (world: World, guest: Guest): HaResource | undefined => world.haResources.get(haSid(guest));

/** Whether the HA manager is in charge, so that a request only asks it. */
export const isHaManaged = (world: World, guest: Guest | undefined): boolean => {
  const resource = guest === undefined ? undefined : haResourceOf(world, guest);
  return resource !== undefined && resource.state !== 'ignored';
};

/** How long the local resource manager takes until it acts. */
const REACTION_SECONDS = 8;

/** What the HA manager does to reach the wanted state, as tasks of root@pam. */
export function reconcileHa(world: World, guest: Guest, state: HaState): void {
  const resource = haResourceOf(world, guest);
  if (resource !== undefined) resource.state = state;
  world.clock.at(REACTION_SECONDS, () => {
    if (world.guests.get(guest.vmid) !== guest || haResourceOf(world, guest)?.state !== state) return;
    const prefix = guest.kind === 'qemu' ? 'qm' : 'vz';
    const start = (type: string, work: () => Work): void => {
      world.tasks.start({ node: guest.node, type: `${prefix}${type}`, id: String(guest.vmid), user: 'root@pam' }, work);
    };
    if (state === 'started' && guest.status === 'stopped')
      start('start', () => (guest.kind === 'qemu' ? startVm(world, guest) : startContainer(world, guest)));
    if ((state === 'stopped' || state === 'disabled') && guest.status === 'running')
      start(guest.shutdownSeconds < 60 ? 'shutdown' : 'stop', () =>
        guest.shutdownSeconds < 60 ? shutdownGuest(guest, 60, true) : stopGuest(guest),
      );
  });
}

/** Hands a wish to the HA manager: ends at once, the effect follows. @see qemu-server PVE/API2/Qemu.pm (hastart, hastop) */
export function* requestHa(world: World, guest: Guest, wish: 'start' | 'stop'): Work {
  yield `Requesting HA ${wish} for ${guestWord(guest.kind)} ${guest.vmid}`;
  yield 0.5;
  reconcileHa(world, guest, wish === 'start' ? 'started' : 'stopped');
}
