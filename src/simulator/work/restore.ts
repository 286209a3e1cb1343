import type { Guest, GuestConfig } from '../model/guest.ts';
import { disksOf } from '../model/guest.ts';
import { looseParts, printParts } from '../api/property-string.ts';
import { newMac } from '../facts-guests.ts';
import { printSize } from '../model/size.ts';
import { allocateImage, defaultFormat, volumePath, type Volume } from '../model/storage.ts';
import { parseVolid, seconds, type World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { COPY_RATE, formattingLine, makeFileSystem, removeVolumes, storageInTask } from './disks.ts';

export interface RestoreOptions {
  readonly volume: Volume;
  readonly storage: string | undefined;
  readonly unique: boolean;
  readonly overrides: GuestConfig;
}

const archivePath = (world: World, volume: Volume): string => {
  const storage = world.storages.get(parseVolid(volume.volid)?.storage ?? '');
  return storage === undefined ? volume.volid : volumePath(storage, volume.volid);
};

/** Options of the restored guest before its disks are placed. */
function restoredConfig(world: World, options: RestoreOptions): GuestConfig {
  const config: GuestConfig = structuredClone(options.volume.archive?.config ?? {});
  for (const key of ['lock', 'template', 'vmstate', 'parent']) delete config[key];
  if (options.unique) {
    if (config['vmgenid'] !== undefined) config['vmgenid'] = world.random.uuid();
    if (config['smbios1'] !== undefined) config['smbios1'] = `uuid=${world.random.uuid()}`;
    for (const key of Object.keys(config))
      if (/^net\d+$/.test(key)) config[key] = String(config[key]).replace(/[0-9A-F]{2}(?::[0-9A-F]{2}){5}/i, newMac(world));
  }
  return config;
}

/**
 * Restores a guest from a backup, replacing its disks.
 * @see qemu-server PVE/QemuServer.pm restore_vma_archive, pve-container PVE/LXC/Create.pm restore_archive
 */
export function* restoreGuest(world: World, guest: Guest, options: RestoreOptions): Work {
  const { volume } = options;
  const path = archivePath(world, volume);
  const made: string[] = [];
  const oldVolumes = disksOf(guest.kind, guest.config).map((drive) => drive.volid);
  const config = restoredConfig(world, options);
  const drives = disksOf(guest.kind, config);
  try {
    if (guest.kind === 'qemu') {
      yield `restore vma archive: zstd -q -d -c ${path} | vma extract -v -r /var/tmp/vzdumptmp${guest.vmid}.fifo - /var/tmp/vzdumptmp${guest.vmid}`;
      yield `CFG: size: 514 name: qemu-server.conf`;
      for (const [n, drive] of drives.entries()) yield `DEV: dev_id=${n + 1} size: ${drive.sizeBytes} devname: drive-${drive.key}`;
      yield `CTIME: ${new Date(volume.ctime * 1000).toUTCString()}`;
    } else yield `recovering backed-up configuration from '${volume.volid}'`;
    removeVolumes(world, guest.node, oldVolumes);
    const total = drives.reduce((sum, drive) => sum + drive.sizeBytes, 0);
    for (const drive of drives) {
      const storage = storageInTask(world, options.storage ?? parseVolid(drive.volid)?.storage ?? 'local');
      const image = allocateImage(storage, guest.node, {
        vmid: guest.vmid,
        kind: guest.kind,
        format: defaultFormat(storage, guest.kind),
        size: drive.sizeBytes,
        prefix: 'vm',
        ctime: seconds(world),
      });
      made.push(image.volid);
      yield formattingLine(storage, image);
      if (guest.kind === 'qemu') yield `new volume ID is '${image.volid}'`;
      else yield* makeFileSystem(world, drive.sizeBytes);
      const { '': _first, file: _file, volume: _volume, size: _size, ...rest } = looseParts(String(config[drive.key]));
      config[drive.key] = printParts({ '': image.volid, ...rest, size: printSize(drive.sizeBytes) });
    }
    const duration = Math.max(2, total / (COPY_RATE * 2));
    if (guest.kind === 'qemu') {
      for (const drive of disksOf('qemu', config)) yield `map 'drive-${drive.key}' to '${drive.volid}' (write zeros = 0)`;
      for (let percent = 1; percent <= 100; percent++) {
        yield duration / 100;
        yield `progress ${percent}% (read ${Math.ceil((total * percent) / 100 / 65_536) * 65_536} bytes, duration ${Math.floor((duration * percent) / 100)} sec)`;
      }
      yield `total bytes read ${total}, sparse bytes ${Math.floor(total * 0.8)} (80%)`;
      yield 'space reduction due to 4K zero blocks 4.07%';
      yield 'rescan volumes...';
    } else {
      yield `restoring '${volume.volid}' now..`;
      yield `extracting archive '${path}'`;
      yield duration;
      const bytes = volume.size * 3;
      yield `Total bytes read: ${bytes} (${Math.ceil(bytes / 1024 ** 2)}MiB, 221MiB/s)`;
      yield 'merging backed-up and given configuration..';
    }
    guest.config = { ...config, ...options.overrides };
    guest.pending = {};
    guest.snapshots = [];
    guest.parent = undefined;
  } catch (error) {
    removeVolumes(world, guest.node, made);
    throw error;
  }
}
