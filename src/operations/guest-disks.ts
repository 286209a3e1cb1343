import type { GuestType } from '../domain/guest.ts';
import { parseVolid } from '../domain/volid.ts';
import { readContainerConfig } from '../proxmox/container-config.ts';
import type { GuestConfig } from '../proxmox/guest-config.ts';
import { readPropertyString } from '../proxmox/property-string.ts';
import { readVmConfig } from '../proxmox/vm-config.ts';

/** A disk as it is shown to whoever decides about its guest. */
export interface GuestDisk {
  /** `scsi0`, `rootfs`, `unused0`. */
  readonly disk: string;
  readonly volume: string;
  readonly sizeBytes: number | null;
}

/**
 * The disks that go with a guest when it is destroyed: those in use, and those that were detached and are kept as unused.
 * CD-ROMs, folders of the node (bind mounts) and devices of the node stay.
 */
export function guestDisks(type: GuestType, config: GuestConfig): readonly GuestDisk[] {
  return [...disksInUse(type, config).filter((disk) => isOnStorage(disk)), ...unusedDisks(config)];
}

/** What a guest uses as a disk that lies on no storage: bind mounts and devices of the node. */
export function disksOfNode(type: GuestType, config: GuestConfig): readonly GuestDisk[] {
  return disksInUse(type, config).filter((disk) => !isOnStorage(disk));
}

function isOnStorage({ volume }: GuestDisk): boolean {
  return parseVolid(volume) !== undefined;
}

function disksInUse(type: GuestType, config: GuestConfig): readonly GuestDisk[] {
  return type === 'lxc' ? disksOfContainer(config) : disksOfVm(config);
}

function disksOfContainer(config: GuestConfig): readonly GuestDisk[] {
  return readContainerConfig(config).disks.map(({ disk, volume, sizeBytes }) => ({ disk, volume, sizeBytes }));
}

function disksOfVm(config: GuestConfig): readonly GuestDisk[] {
  return readVmConfig(config)
    .drives.filter((drive) => !drive.isCdrom)
    .map(({ key, volid, sizeBytes }) => ({ disk: key, volume: volid, sizeBytes }));
}

/** Proxmox does not record the size of what is unused. */
function unusedDisks({ options }: GuestConfig): readonly GuestDisk[] {
  return Object.keys(options)
    .filter((name) => /^unused\d+$/.test(name))
    .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
    .map((disk) => ({ disk, volume: readPropertyString(String(options[disk]), 'file')['file'] ?? '', sizeBytes: null }));
}
