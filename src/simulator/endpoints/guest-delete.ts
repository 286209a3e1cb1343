import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure } from '../api/failure.ts';
import { disksOf, guestWord, isTemplate, lockOf, type Guest, type GuestKind } from '../model/guest.ts';
import { volumesOn } from '../model/storage.ts';
import { findGuest, parseVolid, type World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { isBaseInUse, removeVolumes } from '../work/disks.ts';
import { refuseLocked, withGuestLock } from '../work/guest-lock.ts';
import { haResourceOf, haSid } from '../work/ha.ts';
import { markStopped } from '../work/power.ts';

/** @throws Error when a disk of a template still has linked clones */
function refuseBaseInUse(world: World, guest: Guest): void {
  if (!isTemplate(guest)) return;
  for (const drive of disksOf(guest.kind, guest.config)) {
    const storage = world.storages.get(parseVolid(drive.volid)?.storage ?? '');
    if (storage !== undefined && isBaseInUse(storage, guest.node, drive.volid))
      throw new Error(`base volume '${drive.volid}' is still in use by linked cloned`);
  }
}

function removeUnreferenced(world: World, guest: Guest): void {
  for (const storage of world.storages.values()) {
    const owned = [...volumesOn(storage, guest.node).values()].filter(
      (volume) => volume.vmid === guest.vmid && (volume.content === 'images' || volume.content === 'rootdir'),
    );
    removeVolumes(
      world,
      guest.node,
      owned.map((volume) => volume.volid),
    );
  }
}

function* destroy(call: Call, guest: Guest): Work {
  const { world, parameters } = call;
  yield* withGuestLock(guest, function* () {
    if (guest.kind === 'qemu') refuseLocked(guest);
    if (world.guests.get(guest.vmid) !== guest) throw new Error(`no such ${guestWord(guest.kind)} ${guest.vmid}`);
    if (guest.status === 'running') {
      if (!parameters.flag('force')) throw new Error(`VM ${guest.vmid} is running - destroy failed`);
      yield 1;
      markStopped(guest);
    }
    refuseBaseInUse(world, guest);
    yield 1;
    const unused = Object.keys(guest.config)
      .filter((key) => /^unused\d+$/.test(key))
      .map((key) => String(guest.config[key]));
    removeVolumes(world, guest.node, [...disksOf(guest.kind, guest.config).map((drive) => drive.volid), ...unused]);
    if (parameters.flag('destroy-unreferenced-disks')) removeUnreferenced(world, guest);
    if (parameters.flag('purge')) {
      yield `purging ${guestWord(guest.kind)} ${guest.vmid} from related configurations..`;
      world.haResources.delete(haSid(guest));
      world.access.acl = world.access.acl.filter((entry) => entry.path !== `/vms/${guest.vmid}`);
    }
    for (const pool of world.pools.values()) pool.vms.delete(guest.vmid);
    world.access.revision++;
    world.guests.delete(guest.vmid);
  });
}

const deletion = (kind: GuestKind): Endpoint => ({
  method: 'DELETE',
  path: `/nodes/{node}/${kind}/{vmid}`,
  handler(call) {
    const { world, parameters } = call;
    const guest = findGuest(world, kind, call.node, parameters.number('vmid'));
    const word = guestWord(kind);
    if (Number(guest.config['protection'] ?? 0) === 1) throw failure(`can't remove ${word} ${guest.vmid} - protection mode enabled`);
    const lock = lockOf(guest);
    if (kind === 'lxc' && lock !== undefined) throw failure(`CT is locked (${lock})`);
    if (haResourceOf(world, guest) !== undefined && !parameters.flag('purge'))
      throw failure(`unable to remove ${word} ${guest.vmid} - used in HA resources and purge parameter not set.`);
    if (guest.status === 'running' && !parameters.flag('force'))
      throw failure(
        kind === 'qemu' ? `VM ${guest.vmid} is running - destroy failed` : `unable to destroy CT ${guest.vmid} - container is running`,
      );
    return call.worker(kind === 'qemu' ? 'qmdestroy' : 'vzdestroy', guest.vmid, () => destroy(call, guest));
  },
});

/** Removing guests with their disks. */
export const guestDeleteEndpoints: readonly Endpoint[] = [deletion('qemu'), deletion('lxc')];
