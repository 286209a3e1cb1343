import { readDiskSize } from '../../proxmox/disk-size.ts';
import { readPropertyString } from '../../proxmox/property-string.ts';

/** A disk that a backup holds, as its guest's configuration names it. */
export interface BackedUpDisk {
  readonly disk: string;
  /** Where it was when the backup was made. */
  readonly storage: string;
  readonly sizeBytes: number | null;
}

const DISK = /^(?:(?:scsi|virtio|sata|ide)\d+|efidisk0|tpmstate0|rootfs|mp\d+): (.+)$/;

/**
 * Disks in the configuration inside a backup. Bind mounts, CD-ROMs and the sections of snapshots are left out.
 * @see pve-manager PVE/API2/VZDump.pm, extractconfig
 */
export function backedUpDisks(config: string): readonly BackedUpDisk[] {
  const current = config.split(/^\[/m)[0] ?? '';
  return current.split('\n').flatMap((line): BackedUpDisk[] => {
    const [, value] = DISK.exec(line) ?? [];
    if (value === undefined) return [];
    const parts = readPropertyString(value, 'volume');
    const [storage, volume] = (parts['volume'] ?? parts['file'] ?? '').split(':');
    const isLeftOut = parts['media'] === 'cdrom' || parts['backup'] === '0';
    if (isLeftOut || storage === undefined || volume === undefined || storage.startsWith('/')) return [];
    return [{ disk: line.slice(0, line.indexOf(':')), storage, sizeBytes: readDiskSize(parts['size']) }];
  });
}

const BRIDGE = /^vmbr\d+$/;

/** ACL paths of the bridges that the guest in a backup uses. Virtual networks are left out: their zone is not known here. */
export function backedUpBridges(config: string): readonly string[] {
  const current = config.split(/^\[/m)[0] ?? '';
  const paths = current.split('\n').flatMap((line): string[] => {
    const value = /^net\d+: (.+)$/.exec(line)?.[1];
    const { bridge, tag } = readPropertyString(value ?? '', 'model');
    if (bridge === undefined || !BRIDGE.test(bridge)) return [];
    return [`/sdn/zones/localnetwork/${bridge}${tag === undefined || !/^\d+$/.test(tag) ? '' : `/${tag}`}`];
  });
  return [...new Set(paths)];
}
