import { looseParts, printParts } from '../api/property-string.ts';
import { newMac } from '../facts-guests.ts';
import { macOf, readDrive, type Guest, type GuestKind } from '../model/guest.ts';
import { GIB, humanBytes, MIB, printSize } from '../model/size.ts';
import { allocateImage, defaultFormat, isFileBased, volumePath, volumesOn, type Storage, type Volume } from '../model/storage.ts';
import { findVolume, parseVolid, seconds, type World } from '../model/world.ts';

/** Work that ends with a result. */
export type WorkFor<T> = Generator<string | number, T, void>;

/** How fast data is copied, in bytes per second. */
export const COPY_RATE = 400 * MIB;

/** The storage inside a worker. @throws Error */
export function storageInTask(world: World, name: string): Storage {
  const storage = world.storages.get(name);
  if (storage === undefined) throw new Error(`storage '${name}' does not exist`);
  if (storage.disabled) throw new Error(`storage '${name}' is disabled`);
  if (!storage.active) throw new Error(`storage '${name}' is not online`);
  return storage;
}

/** What the tool that makes an image prints. */
export function formattingLine(storage: Storage, volume: Volume): string {
  if (!isFileBased(storage))
    return storage.type === 'lvmthin' ? `  Logical volume "${volume.volid.split(':')[1] ?? ''}" created.` : `  created ${volume.volid}`;
  const options =
    volume.format === 'qcow2'
      ? `cluster_size=65536 extended_l2=off preallocation=metadata compression_type=zlib size=${volume.size} lazy_refcounts=off refcount_bits=16`
      : `size=${volume.size} preallocation=off`;
  return `Formatting '${volumePath(storage, volume.volid)}', fmt=${volume.format} ${options}`;
}

/** Copies data offline, with the progress of qemu-img. */
export function* copyOffline(size: number, used: number): WorkFor<void> {
  const duration = Math.max(1, used / COPY_RATE);
  const steps = Math.min(100, Math.max(2, Math.ceil(duration)));
  for (let n = 0; n <= steps; n++) {
    yield `transferred ${humanBytes((size * n) / steps)} of ${humanBytes(size)} (${((100 * n) / steps).toFixed(2)}%)`;
    if (n < steps) yield duration / steps;
  }
}

/** Copies data of a running VM, with the progress of a mirror job. */
export function* copyOnline(drive: string, size: number): WorkFor<void> {
  const duration = Math.max(1, size / COPY_RATE);
  const steps = Math.min(60, Math.max(1, Math.ceil(duration)));
  yield `drive mirror is starting for drive-${drive}`;
  for (let n = 1; n <= steps; n++) {
    yield duration / steps;
    yield `mirror-${drive}: transferred ${humanBytes((size * n) / steps)} of ${humanBytes(size)} (${((100 * n) / steps).toFixed(2)}%) in ${Math.round((duration * n) / steps)}s${n === steps ? ', ready' : ''}`;
  }
  yield "all 'mirror' jobs are ready";
}

/** What making the file system of a container prints. */
export function* makeFileSystem(world: World, bytes: number): WorkFor<void> {
  const blocks = Math.floor(bytes / 4096);
  yield `Creating filesystem with ${blocks} 4k blocks and ${Math.floor(blocks / 4)} inodes`;
  yield `Filesystem UUID: ${world.random.uuid()}`;
  yield 'Superblock backups stored on blocks: ';
  yield '\t32768, 98304, 163840, 229376';
  yield 1;
}

/**
 * Carries out one disk option: allocates `storage:GiB`, imports, attaches an existing volume. The result is the text
 * that the config keeps. Volumes it makes are added to `made`, so that a failing worker can remove them.
 */
export function* realizeDrive(
  world: World,
  guest: Guest,
  key: string,
  text: string,
  made: string[],
  defaultStorage?: string,
): WorkFor<string> {
  const parts = looseParts(text);
  const { file: _file, volume: _volume, 'import-from': importFrom, format: wantedFormat, size: _size, '': _first, ...rest } = parts;
  const target = parts['file'] ?? parts['volume'] ?? parts[''] ?? '';
  const [, storageName, amount] = /^(?:([^:/]+):)?(\d+(?:\.\d+)?)$/.exec(target) ?? [];
  const [, cloudStorage] = /^([^:/]+):cloudinit$/.exec(target) ?? [];
  if (cloudStorage !== undefined) {
    const storage = storageInTask(world, cloudStorage);
    const volid = `${cloudStorage}:${isFileBased(storage) ? `${guest.vmid}/` : ''}vm-${guest.vmid}-cloudinit${isFileBased(storage) ? '.qcow2' : ''}`;
    volumesOn(storage, guest.node).set(volid, {
      volid,
      content: 'images',
      format: isFileBased(storage) ? 'qcow2' : 'raw',
      size: 4 * MIB,
      used: 4 * MIB,
      ctime: seconds(world),
      vmid: guest.vmid,
    });
    made.push(volid);
    yield `${key}: successfully created disk '${volid},media=cdrom'`;
    return `${volid},media=cdrom,size=4M`;
  }
  if (amount === undefined) return attach(world, guest, target, rest);
  const storage = storageInTask(world, storageName ?? defaultStorage ?? 'local');
  if (!storage.content.includes(guest.kind === 'qemu' ? 'images' : 'rootdir'))
    throw new Error(`storage '${storage.storage}' does not support ${guest.kind === 'qemu' ? 'vm images' : 'container directories'}`);
  const source = importFrom === undefined ? undefined : importedVolume(world, importFrom, guest.node);
  if (importFrom !== undefined && source === undefined) throw new Error(`volume '${importFrom}' does not exist`);
  const size = source === undefined ? Math.round(Number(amount) * GIB) : Math.max(source.size, 96 * MIB);
  const format = wantedFormat ?? defaultFormat(storage, guest.kind);
  if (format !== 'raw' && !isFileBased(storage)) throw new Error(`unsupported format '${format}'`);
  if (importFrom !== undefined && OVA_DISK.test(importFrom)) yield `extracting ${importFrom}`;
  if (importFrom !== undefined) yield `create full clone of drive (${importFrom})`;
  const volume = allocateImage(storage, guest.node, {
    vmid: guest.vmid,
    kind: guest.kind,
    format,
    size,
    prefix: 'vm',
    ctime: seconds(world),
    used: source?.used ?? Math.floor(size * 0.01),
  });
  made.push(volume.volid);
  yield formattingLine(storage, volume);
  if (source !== undefined) {
    yield `allocated target volume '${volume.volid}'`;
    yield* copyOffline(size, source.used);
  } else if (guest.kind === 'lxc') yield* makeFileSystem(world, size);
  const value = printParts({ '': volume.volid, ...rest, size: printSize(size) });
  if (guest.kind === 'qemu') yield `${key}: successfully created disk '${value}'`;
  return value;
}

/** `local:import/x.ova/disk1.vmdk`. @see pve-storage PVE/Storage/Plugin.pm, parse_volname */
const OVA_DISK = /^(.+\.ova)\/([^/]+)$/;

function importedVolume(world: World, volid: string, node: string): Pick<Volume, 'size' | 'used'> | undefined {
  const [, archive, disk] = OVA_DISK.exec(volid) ?? [];
  const volume = findVolume(world, archive ?? volid, node);
  if (volume?.format === 'ova' && archive === undefined) throw new Error(`unable to import '${volid}' - unsupported format 'ova'`);
  if (volume === undefined || disk === undefined) return volume;
  const size = volume.ovaDisks?.[disk];
  return size === undefined ? undefined : { size, used: Math.ceil(size / 4) };
}

function attach(world: World, guest: Guest, volid: string, rest: Record<string, string>): string {
  if (volid === 'none' || volid === 'cdrom') return printParts({ '': volid, ...rest });
  const volume = findVolume(world, volid, guest.node);
  if (volume === undefined)
    throw new Error(parseVolid(volid) === undefined ? `unable to parse volume ID '${volid}'` : `volume '${volid}' does not exist`);
  return printParts({ '': volid, ...rest, size: printSize(volume.size) });
}

/** Gives a network option a hardware address when it has none. */
export function completeNetwork(world: World, kind: GuestKind, text: string): string {
  if (macOf(text) !== undefined) return text;
  if (kind === 'lxc') {
    const parts = looseParts(text);
    return printParts({
      name: parts['name'],
      bridge: parts['bridge'],
      hwaddr: newMac(world),
      ...Object.fromEntries(Object.entries(parts).filter(([key]) => !['name', 'bridge', 'type', ''].includes(key))),
      type: 'veth',
    });
  }
  const { '': first, model, ...rest } = looseParts(text);
  return printParts({ [model ?? first ?? 'virtio']: newMac(world), ...rest });
}

/** Removes volumes from their storages; missing ones do not matter. */
export function removeVolumes(world: World, node: string, volids: readonly string[]): void {
  for (const volid of volids) {
    const storage = world.storages.get(parseVolid(volid)?.storage ?? '');
    if (storage !== undefined) volumesOn(storage, node).delete(volid);
  }
}

/** Whether another volume was cloned from this one. */
export function isBaseInUse(storage: Storage, node: string, volid: string): boolean {
  const name = volid.slice(volid.indexOf(':') + 1);
  return [...volumesOn(storage, node).values()].some(
    (volume) => volume.volid !== volid && (volume.parent === volid || volume.volid.includes(`:${name}/`)),
  );
}

/** The drive under a key. @throws Error when there is none */
export function driveInTask(guest: Guest, key: string): ReturnType<typeof readDrive> {
  const value = guest.config[key];
  if (value === undefined) throw new Error(`disk '${key}' does not exist`);
  return readDrive(key, String(value));
}
