import { disksOf, drivesOf, guestWord, isTemplate, type Drive, type Guest, type GuestConfig, type Snapshot } from '../model/guest.ts';
import { humanBytes, MIB } from '../model/size.ts';
import { canSnapshot, volumesOn } from '../model/storage.ts';
import { memoryBytes } from '../model/guest.ts';
import { parseVolid, seconds, type World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { refuseLocked, withConfigLock, withGuestLock } from './guest-lock.ts';
import { markRunning, markStopped, startContainer, startVm } from './power.ts';

/** Whether a disk of a guest lies where snapshots can be made; what lies on no storage does not. */
export function hasSnapshots(world: World, guest: Guest, { volid }: Drive): boolean {
  const storage = world.storages.get(parseVolid(volid)?.storage ?? '');
  return storage !== undefined && canSnapshot(storage, volumesOn(storage, guest.node).get(volid)?.format ?? 'raw');
}

/** Whether every disk of a guest lies where snapshots can be made. */
export const hasSnapshotFeature = (world: World, guest: Guest): boolean =>
  drivesOf(guest.kind, guest.config).every((drive) => drive.isCdrom || hasSnapshots(world, guest, drive));

/** @see pve-guest-common PVE/AbstractConfig.pm snapshot_create */
export function* createSnapshot(world: World, guest: Guest, name: string, description: string, withMemory: boolean): Work {
  yield* withGuestLock(guest, function* () {
    if (isTemplate(guest)) throw new Error(`you can't take a snapshot if it's a template`);
    refuseLocked(guest);
    if (guest.snapshots.some((snapshot) => snapshot.name === name)) throw new Error(`snapshot name '${name}' already used`);
    if (!hasSnapshotFeature(world, guest)) throw new Error('snapshot feature is not available');
    const savesMemory = withMemory && guest.kind === 'qemu' && guest.status === 'running';
    if (savesMemory) refuseUnsavable(guest.config);
    const config: GuestConfig = structuredClone(guest.config);
    yield* withConfigLock(guest, 'snapshot', function* () {
      if (savesMemory) {
        const used = memoryBytes(guest) * 0.4;
        yield `saving VM state and RAM using storage 'local'`;
        for (let n = 1; n <= 3; n++) {
          yield Math.max(1, used / (400 * MIB) / 3);
          yield `${humanBytes((used * n) / 3, 2)} in ${n}s`;
        }
        yield `completed saving the VM state in 3s, saved ${humanBytes(used, 2)}`;
      }
      if (guest.kind === 'qemu') {
        for (const drive of disksOf('qemu', guest.config)) yield `snapshotting 'drive-${drive.key}' (${drive.volid})`;
        yield 'internal qemu snapshot';
      }
      yield 1;
      guest.snapshots.push({ name, description, snaptime: seconds(world), parent: guest.parent, config, vmstate: savesMemory });
      guest.parent = name;
    });
  });
}

/** @see pve-guest-common PVE/AbstractConfig.pm snapshot_delete */
export function* deleteSnapshot(guest: Guest, name: string, force: boolean): Work {
  if (guest.kind === 'qemu') {
    yield 'trying to acquire lock...';
    yield ' OK';
  }
  yield* withGuestLock(guest, function* () {
    const snapshot = guest.snapshots.find((other) => other.name === name);
    if (!force) refuseLocked(guest);
    if (snapshot === undefined) throw new Error(`snapshot '${name}' does not exist`);
    yield* withConfigLock(guest, 'snapshot-delete', function* () {
      yield 1;
      guest.snapshots = guest.snapshots
        .filter((other) => other !== snapshot)
        .map((other) => (other.parent === name ? { ...other, parent: snapshot.parent } : other));
      if (guest.parent === name) guest.parent = snapshot.parent;
    });
  });
}

/** @throws Error on ZFS, where a volume has a newer snapshot @see pve-storage PVE/Storage/ZFSPoolPlugin.pm volume_rollback_is_possible */
function refuseOlderOnZfs(world: World, guest: Guest, snapshot: Snapshot): void {
  const newer = guest.snapshots.slice(guest.snapshots.indexOf(snapshot) + 1);
  for (const { volid } of disksOf(guest.kind, snapshot.config)) {
    const isZfs = world.storages.get(parseVolid(volid)?.storage ?? '')?.type === 'zfspool';
    if (isZfs && newer.some(({ config }) => disksOf(guest.kind, config).some((drive) => drive.volid === volid)))
      throw new Error(`can't rollback, '${snapshot.name}' is not most recent snapshot on '${volid}'`);
  }
}

/** What keeps a state that cannot be saved. @see qemu-server PVE/QemuMigrate/Helpers.pm check_non_migratable_resources */
function refuseUnsavable(config: GuestConfig): void {
  const blockers = [
    ...(config['amd-sev'] === undefined ? [] : ['amd-sev']),
    ...(Object.keys(config).some((key) => /^virtiofs\d+$/.test(key)) ? ['virtiofs'] : []),
  ];
  if (blockers.length > 0) throw new Error(`Cannot live-migrate, snapshot (with RAM), or hibernate a VM with: ${blockers.join(', ')}`);
}

/** @see pve-guest-common PVE/AbstractConfig.pm snapshot_rollback */
export function* rollbackSnapshot(world: World, guest: Guest, name: string, start: boolean): Work {
  yield* withGuestLock(guest, function* () {
    const snapshot = guest.snapshots.find((other) => other.name === name);
    if (snapshot === undefined) throw new Error(`snapshot '${name}' does not exist`);
    if (isTemplate(guest)) throw new Error(`you can't rollback if ${guestWord(guest.kind)} is a template`);
    refuseLocked(guest);
    refuseOlderOnZfs(world, guest, snapshot);
    yield* withConfigLock(guest, 'rollback', function* () {
      if (guest.status === 'running') {
        yield 1;
        markStopped(guest);
      }
      yield 1;
      guest.config = { ...structuredClone(snapshot.config), lock: 'rollback' };
      guest.pending = {};
      guest.parent = name;
      if (snapshot.vmstate) {
        yield 2;
        markRunning(world, guest);
      }
    });
    delete guest.config['lock'];
  });
  if (start && guest.status === 'stopped') yield* guest.kind === 'qemu' ? startVm(world, guest) : startContainer(world, guest);
}
