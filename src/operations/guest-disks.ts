import type { GuestType } from '../domain/guest.ts';
import { readContainerConfig } from '../proxmox/container-config.ts';
import type { GuestConfig } from '../proxmox/guest-config.ts';
import { readVmConfig } from '../proxmox/vm-config.ts';

/** A disk as it is shown to whoever decides about its guest. */
export interface GuestDisk {
  /** `scsi0`, `rootfs`. */
  readonly disk: string;
  readonly volume: string;
  readonly sizeBytes: number | null;
}

/** The disks that belong to a guest, without CD-ROMs. */
export function guestDisks(type: GuestType, config: GuestConfig): readonly GuestDisk[] {
  if (type === 'lxc') return readContainerConfig(config).disks.map(({ disk, volume, sizeBytes }) => ({ disk, volume, sizeBytes }));
  return readVmConfig(config)
    .drives.filter((drive) => !drive.isCdrom)
    .map(({ key, volid, sizeBytes }) => ({ disk: key, volume: volid, sizeBytes }));
}
