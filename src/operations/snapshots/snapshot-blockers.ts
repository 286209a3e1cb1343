import { guestLabel } from '../../domain/guest.ts';
import { OperationError } from '../../domain/operation-error.ts';
import { parseVolid } from '../../domain/volid.ts';
import type { GuestConfig } from '../../proxmox/guest-config.ts';
import type { GuestStatus } from '../../proxmox/guest-status.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import type { Snapshot, SnapshotList } from '../../proxmox/snapshots.ts';
import { disksOfNode, guestDisks } from '../guest-disks.ts';

/** Options of a VM for what keeps a state that QEMU cannot save; a mapped PCI device may be able to. */
const KEEPS_STATE = /^(?:amd-sev|intel-tdx|virtiofs\d+|hostpci\d+)$/;
/** Types of storage that take a volume back to its newest snapshot only. */
const NEWEST_ONLY: ReadonlySet<string | null> = new Set(['zfspool', 'zfs']);

/** @throws OperationError `conflict` @see qemu-server PVE/QemuMigrate/Helpers.pm, check_non_migratable_resources */
export function assertRamCanBeSaved({ type, vmid }: GuestStatus, { options }: GuestConfig): void {
  const blockers = Object.keys(options).filter((name) => KEEPS_STATE.test(name) && !/mapping=/.test(String(options[name])));
  if (blockers.length === 0) return;
  throw new OperationError('conflict', `The RAM of ${guestLabel(type, vmid)} cannot be saved because of ${blockers.join(', ')}.`, {
    hint: 'Repeat without vmstate.',
    details: { field: 'vmstate', blockers },
  });
}

/** Why Proxmox says that a guest cannot have snapshots. */
export function withoutSnapshots({ type, vmid }: GuestStatus, config: GuestConfig): OperationError {
  const label = guestLabel(type, vmid);
  const [outside] = disksOfNode(type, config);
  if (outside === undefined) {
    return new OperationError('conflict', `A disk of ${label} lies on storage that cannot take snapshots.`, {
      hint: 'Use create_backup, or move the disks to storage with snapshots (LVM-thin, ZFS, Ceph, or qcow2 files).',
    });
  }
  return new OperationError('conflict', `${outside.disk} of ${label} is ${outside.volume} of the node, which no snapshot can hold.`, {
    hint: type === 'lxc' ? 'Use create_backup, which leaves it out.' : 'Use create_backup.',
    details: { disk: outside.disk },
  });
}

/**
 * ZFS gives up whatever is newer when it goes back, so Proxmox refuses to pass over newer snapshots of the same volume.
 * @throws OperationError `conflict` that names them
 * @see pve-storage PVE/Storage/ZFSPoolPlugin.pm, volume_rollback_is_possible
 */
export async function assertNewestOnZfs(
  pve: ProxmoxReader,
  guest: GuestStatus,
  { snapshots }: SnapshotList,
  { snapshot, config }: { readonly snapshot: Snapshot; readonly config: GuestConfig },
): Promise<void> {
  const newer = snapshots.filter(({ takenAt }) => (takenAt ?? 0) > (snapshot.takenAt ?? 0));
  if (newer.length === 0) return;
  const onZfs = new Set(
    (await pve.storages()).filter(({ node, type }) => node === guest.node && NEWEST_ONLY.has(type)).map(({ storage }) => storage),
  );
  const disk = guestDisks(guest.type, config).find(({ volume }) => onZfs.has(parseVolid(volume)?.storage ?? ''));
  if (disk === undefined) return;
  const holds = await Promise.all(
    newer.map(async ({ name }) =>
      guestDisks(guest.type, await pve.guestConfig(guest, name)).some(({ volume }) => volume === disk.volume) ? [name] : [],
    ),
  );
  const names = holds.flat();
  if (names.length === 0) return;
  throw new OperationError(
    'conflict',
    `${disk.disk} of ${guestLabel(guest.type, guest.vmid)} lies on ZFS, which goes back to its newest snapshot only: newer than ${snapshot.name} is ${names.join(', ')}.`,
    { hint: 'Delete the newer ones first (delete_snapshot), if they may go.', details: { field: 'snapname', newer: names } },
  );
}
