import type { GuestConfig, GuestKind } from './guest.ts';

export type StorageType = 'dir' | 'nfs' | 'lvmthin' | 'zfspool' | 'rbd' | 'btrfs' | 'pbs';

/** What is kept inside a backup: enough to restore the guest. */
interface Archive {
  readonly kind: GuestKind;
  readonly config: GuestConfig;
}

/** One volume: a disk image, container root, ISO image, container template or backup. */
export interface Volume {
  readonly volid: string;
  /** images, rootdir, iso, vztmpl, backup, import or snippets. */
  readonly content: string;
  readonly format: string;
  size: number;
  used: number;
  readonly ctime: number;
  readonly vmid?: number;
  parent?: string;
  notes?: string;
  isProtected?: boolean;
  /** State of the last verification on a Proxmox Backup Server. */
  readonly verification?: 'ok' | 'failed';
  /** Fingerprint of the key of an encrypted backup. */
  readonly encrypted?: string;
  readonly subtype?: GuestKind;
  readonly archive?: Archive;
  /** Sizes of the disks in an OVA, by file name. */
  readonly ovaDisks?: Readonly<Record<string, number>>;
}

export interface Storage {
  readonly storage: string;
  readonly type: StorageType;
  content: string[];
  shared: boolean;
  /** The nodes it is limited to; undefined means all. */
  nodes: string[] | undefined;
  disabled: boolean;
  /** Whether it can be reached; per node when one node has lost it. */
  active: boolean;
  totalBytes: number;
  /** Bytes used by things that are no volumes. */
  otherBytes: number;
  /** Settings such as path, server, export, pool, prune-backups. */
  readonly settings: Record<string, string>;
  /** Volumes by node (`''` when shared), then by volume id. */
  readonly volumes: Map<string, Map<string, Volume>>;
}

export const isFileBased = (storage: Storage): boolean => ['dir', 'nfs', 'btrfs'].includes(storage.type);
export const isOnNode = (storage: Storage, node: string): boolean => storage.nodes === undefined || storage.nodes.includes(node);

/** The volumes that a node sees on a storage. */
export function volumesOn(storage: Storage, node: string): Map<string, Volume> {
  const key = storage.shared ? '' : node;
  let volumes = storage.volumes.get(key);
  if (volumes === undefined) {
    volumes = new Map();
    storage.volumes.set(key, volumes);
  }
  return volumes;
}

export function usedBytes(storage: Storage, node: string): number {
  let used = storage.otherBytes;
  for (const volume of volumesOn(storage, node).values()) used += volume.used;
  return Math.min(used, storage.totalBytes);
}

const FOLDERS: Readonly<Record<string, string>> = {
  iso: 'template/iso',
  vztmpl: 'template/cache',
  backup: 'dump',
  import: 'import',
  snippets: 'snippets',
};

/** The guest that a backup is of, by its name. @see pve-storage PVE/Storage/Plugin.pm and PBSPlugin.pm, parse_volname */
export function ownerOfBackup(volid: string): number | undefined {
  const [, file, group] = /:backup\/(?:vzdump-(?:qemu|lxc)-(\d+)-|(?:vm|ct)\/(\d+)\/)/.exec(volid) ?? [];
  const owner = file ?? group;
  return owner === undefined ? undefined : Number(owner);
}

/** Where a volume lies on the node. @see pve-storage PVE/Storage/Plugin.pm filesystem_path */
export function volumePath(storage: Storage, volid: string): string {
  const name = volid.slice(volid.indexOf(':') + 1);
  const base = storage.settings['path'] ?? `/mnt/pve/${storage.storage}`;
  const [folder = '', ...rest] = name.split('/');
  if (storage.type === 'pbs') return rest.join('/');
  if (FOLDERS[folder] !== undefined) return `${base}/${FOLDERS[folder]}/${rest.join('/')}`;
  if (isFileBased(storage)) return `${base}/images/${name.includes('/') ? name.split('/').slice(-2).join('/') : name}`;
  if (storage.type === 'rbd') return `rbd:${storage.settings['pool'] ?? 'rbd'}/${name}`;
  return `/dev/${storage.settings['vgname'] ?? storage.settings['pool'] ?? 'pve'}/${name}`;
}

export interface NewImage {
  readonly vmid: number;
  readonly kind: GuestKind;
  readonly format: string;
  readonly size: number;
  readonly prefix: 'vm' | 'base';
  readonly ctime: number;
  readonly parent?: string;
  readonly used?: number;
}

/** The format a storage gives an image when none is asked for. */
export const defaultFormat = (storage: Storage, kind: GuestKind): string =>
  isFileBased(storage) && storage.type !== 'btrfs' && kind === 'qemu' ? 'qcow2' : 'raw';

/** The first free volume id for a disk of a guest. */
function freeVolumeId(storage: Storage, node: string, vmid: number, format: string, prefix: 'vm' | 'base' = 'vm', parent?: string): string {
  const volumes = volumesOn(storage, node);
  const taken = new Set(
    [...volumes.values()].filter((volume) => volume.vmid === vmid).map((volume) => /-disk-(\d+)/.exec(volume.volid)?.[1]),
  );
  let n = 0;
  while (taken.has(String(n))) n++;
  return `${storage.storage}:${parent === undefined ? '' : `${parent.slice(parent.indexOf(':') + 1)}/`}${isFileBased(storage) ? `${vmid}/` : ''}${prefix}-${vmid}-disk-${n}${isFileBased(storage) ? `.${format}` : ''}`;
}

/** Makes an image on a storage, under the first free name. */
export function allocateImage(storage: Storage, node: string, image: NewImage): Volume {
  const volid = freeVolumeId(storage, node, image.vmid, image.format, image.prefix, image.parent);
  const volume: Volume = {
    volid,
    content: image.kind === 'lxc' ? 'rootdir' : 'images',
    format: isFileBased(storage) ? image.format : 'raw',
    size: image.size,
    used: image.used ?? Math.floor(image.size * 0.2),
    ctime: image.ctime,
    vmid: image.vmid,
    ...(image.parent === undefined ? {} : { parent: image.parent }),
  };
  volumesOn(storage, node).set(volid, volume);
  return volume;
}

/** Whether guests on this storage can have snapshots. @see pve-storage PVE/Storage/*Plugin.pm volume_has_feature */
export const canSnapshot = (storage: Storage, format: string): boolean =>
  ['lvmthin', 'zfspool', 'rbd', 'btrfs'].includes(storage.type) || format === 'qcow2';
