import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure, parameterFailure } from '../api/failure.ts';
import { looseParts, printParts } from '../api/property-string.ts';
import { guestWord, isDriveKey, lockOf, readDrive, type Guest, type GuestKind } from '../model/guest.ts';
import { parseSize, printSize } from '../model/size.ts';
import { allocateImage, defaultFormat, volumesOn } from '../model/storage.ts';
import { findGuest, findVolume, parseVolid, seconds, usableStorage } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { copyOffline, copyOnline, driveInTask, formattingLine, makeFileSystem, removeVolumes, storageInTask } from '../work/disks.ts';
import { refuseLocked, withGuestLock } from '../work/guest-lock.ts';
import { refuseModified } from './guest-config-write.ts';

function* resize(call: Call, guest: Guest, key: string, text: string): Work {
  yield* withGuestLock(guest, function* () {
    refuseLocked(guest);
    const drive = driveInTask(guest, key);
    const amount = parseSize(text.replace(/^\+/, '')) ?? 0;
    const size = text.startsWith('+') ? drive.sizeBytes + amount : amount;
    if (size < drive.sizeBytes) throw new Error('shrinking disks is not supported');
    yield 1;
    if (guest.kind === 'lxc') {
      yield 'Image resized.';
      yield 'resize2fs 1.47.2 (1-Jan-2025)';
    }
    const volume = findVolume(call.world, drive.volid, guest.node);
    if (volume !== undefined) volume.size = size;
    guest.config[key] = printParts({ ...looseParts(String(guest.config[key])), size: printSize(size) });
  });
}

const resizing = (kind: GuestKind): Endpoint => ({
  method: 'PUT',
  path: `/nodes/{node}/${kind}/{vmid}/resize`,
  handler(call) {
    const { parameters, world } = call;
    const guest = findGuest(world, kind, call.node, parameters.number('vmid'));
    const key = parameters.string('disk');
    const text = parameters.string('size');
    refuseModified(call, guest);
    const lock = lockOf(guest);
    if (kind === 'lxc' && lock !== undefined) throw failure(`CT is locked (${lock})`);
    if (guest.config[key] === undefined) throw failure(kind === 'qemu' ? `disk '${key}' does not exist` : `${key} does not exist`);
    const drive = readDrive(key, String(guest.config[key]));
    call.require(`/storage/${parseVolid(drive.volid)?.storage ?? '-'}`, 'Datastore.AllocateSpace');
    if (kind === 'lxc' && !text.startsWith('+') && (parseSize(text) ?? 0) < drive.sizeBytes) throw failure('unable to shrink disk size');
    return call.worker('resize', guest.vmid, () => resize(call, guest, key, text));
  },
});

function* move(call: Call, guest: Guest, key: string, target: string): Work {
  const { world, parameters } = call;
  yield* withGuestLock(guest, function* () {
    refuseLocked(guest);
    const drive = driveInTask(guest, key);
    const from = storageInTask(world, parseVolid(drive.volid)?.storage ?? '');
    const to = storageInTask(world, target);
    const volume = volumesOn(from, guest.node).get(drive.volid);
    if (volume === undefined) throw new Error(`volume '${drive.volid}' does not exist`);
    const image = allocateImage(to, guest.node, {
      vmid: guest.vmid,
      kind: guest.kind,
      format: parameters.optionalString('format') ?? defaultFormat(to, guest.kind),
      size: volume.size,
      prefix: 'vm',
      ctime: seconds(world),
      used: volume.used,
    });
    try {
      if (guest.kind === 'qemu') {
        yield `copying volume '${drive.volid}' from current storage '${from.storage}' to target storage '${to.storage}'`;
        yield `create full clone of drive ${key} (${drive.volid})`;
      }
      yield formattingLine(to, image);
      if (guest.kind === 'lxc') {
        yield* makeFileSystem(world, volume.size);
        yield Math.max(1, volume.used / (200 * 1024 ** 2));
        yield `Total file size: ${volume.used.toLocaleString('en-US')} bytes`;
      } else if (guest.status === 'running') {
        yield* copyOnline(key, volume.size);
        yield `mirror-${key}: Completed successfully.`;
        yield `mirror-${key}: mirror-job finished`;
      } else yield* copyOffline(volume.size, volume.used);
    } catch (error) {
      removeVolumes(world, guest.node, [image.volid]);
      throw error;
    }
    const { '': _first, file: _file, volume: _volume, size: _size, ...rest } = looseParts(String(guest.config[key]));
    guest.config[key] = printParts({ '': image.volid, ...rest, size: printSize(volume.size) });
    if (parameters.flag('delete')) {
      if (guest.kind === 'qemu') yield `removing source volume '${drive.volid}' after successful copy`;
      removeVolumes(world, guest.node, [drive.volid]);
    } else
      for (let n = 0; n < 256; n++)
        if (guest.config[`unused${n}`] === undefined) {
          guest.config[`unused${n}`] = drive.volid;
          break;
        }
  });
}

const moving = (kind: GuestKind): Endpoint => ({
  method: 'POST',
  path: `/nodes/{node}/${kind}/{vmid}/${kind === 'qemu' ? 'move_disk' : 'move_volume'}`,
  handler(call) {
    const { parameters, world } = call;
    const guest = findGuest(world, kind, call.node, parameters.number('vmid'));
    const key = parameters.string(kind === 'qemu' ? 'disk' : 'volume');
    const target = parameters.optionalString('storage');
    if (target === undefined) throw parameterFailure({ storage: 'property is missing and it is not optional' });
    call.require(`/storage/${target}`, 'Datastore.AllocateSpace');
    usableStorage(world, target, call.node);
    refuseModified(call, guest);
    const lock = lockOf(guest);
    if (lock !== undefined) throw failure(`${guestWord(kind)} is locked (${lock})`);
    const value = guest.config[key];
    if (value === undefined || !isDriveKey(kind, key))
      throw failure(kind === 'qemu' ? `disk '${key}' does not exist` : `volume '${key}' does not exist`);
    const drive = readDrive(key, String(value));
    if (drive.isCdrom) throw failure("you can't move a cdrom");
    const source = parseVolid(drive.volid)?.storage;
    const format = parameters.optionalString('format');
    if (source === target && (format === undefined || format === findVolume(world, drive.volid, call.node)?.format))
      throw failure("you can't move to the same storage with same format");
    if (kind === 'lxc' && guest.status === 'running') throw failure(`cannot move volumes of a running container`);
    return call.worker(kind === 'qemu' ? 'qmmove' : 'move_volume', guest.vmid, () => move(call, guest, key, target));
  },
});

/** Growing and moving disks. */
export const guestDiskEndpoints: readonly Endpoint[] = [resizing('qemu'), resizing('lxc'), moving('qemu'), moving('lxc')];
