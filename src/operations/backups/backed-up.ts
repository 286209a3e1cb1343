import { parseVolid } from '../../domain/volid.ts';
import { readContainerConfig } from '../../proxmox/container-config.ts';
import type { GuestConfig } from '../../proxmox/guest-config.ts';
import type { GuestStatus } from '../../proxmox/guest-status.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { readVmConfig } from '../../proxmox/vm-config.ts';

/** Types of storage on which volumes of containers have snapshots. @see pve-storage PVE/Storage/*Plugin.pm, volume_has_feature */
const WITH_SNAPSHOTS: ReadonlySet<string | null> = new Set(['lvmthin', 'zfspool', 'rbd', 'btrfs']);

interface Part {
  readonly disk: string;
  readonly volume: string;
  readonly isBackedUp: boolean;
}

function partsOf({ type }: GuestStatus, config: GuestConfig): readonly Part[] {
  if (type === 'lxc') return readContainerConfig(config).disks;
  return readVmConfig(config)
    .drives.filter(({ isCdrom }) => !isCdrom)
    .map(({ key, volid, isBackedUp }) => ({ disk: key, volume: volid, isBackedUp }));
}

/** The disks that a backup of the guest does not hold. */
export function leftOut(guest: GuestStatus, config: GuestConfig): readonly { readonly disk: string; readonly volume: string }[] {
  return partsOf(guest, config)
    .filter(({ isBackedUp }) => !isBackedUp)
    .map(({ disk, volume }) => ({ disk, volume }));
}

/**
 * Whether Proxmox suspends a running container although mode snapshot is asked for, because a volume of it cannot have one.
 * @see pve-container PVE/VZDump/LXC.pm, prepare
 */
export async function isSuspendedInstead(pve: ProxmoxReader, guest: GuestStatus, config: GuestConfig): Promise<boolean> {
  if (guest.type !== 'lxc' || guest.status !== 'running' || (await pve.canSnapshot(guest))) return false;
  const types = new Map((await pve.storages()).filter(({ node }) => node === guest.node).map(({ storage, type }) => [storage, type]));
  return partsOf(guest, config)
    .filter(({ isBackedUp }) => isBackedUp)
    .some(({ volume }) => !WITH_SNAPSHOTS.has(types.get(parseVolid(volume)?.storage ?? '') ?? null));
}
