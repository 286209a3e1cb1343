import { requireBridges } from '../access/option-privileges.ts';
import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure, permissionFailure } from '../api/failure.ts';
import { looseParts, printParts } from '../api/property-string.ts';
import { newMac } from '../facts-guests.ts';
import {
  createGuest,
  disksOf,
  drivesOf,
  guestWord,
  isTemplate,
  lockOf,
  type Drive,
  type Guest,
  type GuestConfig,
  type GuestKind,
} from '../model/guest.ts';
import { printSize } from '../model/size.ts';
import { allocateImage, defaultFormat, isFileBased, volumesOn } from '../model/storage.ts';
import { findGuest, isShared, parseVolid, seconds, usableStorage, type World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { copyOffline, copyOnline, formattingLine, makeFileSystem, removeVolumes, storageInTask, type WorkFor } from '../work/disks.ts';
import { withGuestLock } from '../work/guest-lock.ts';

/** The config a clone starts from. */
function sourceConfig(call: Call, guest: Guest): GuestConfig {
  const name = call.parameters.optionalString('snapname');
  if (name === undefined || name === 'current') return guest.config;
  const snapshot = guest.snapshots.find((other) => other.name === name);
  if (snapshot === undefined) throw failure(`snapshot '${name}' does not exist`);
  return snapshot.config;
}

function clonedOptions(call: Call, guest: Guest, source: GuestConfig, vmid: number): GuestConfig {
  const { world, parameters } = call;
  const config: GuestConfig = structuredClone(source);
  for (const key of ['lock', 'template', 'parent', 'vmstate', 'protection', 'snaptime']) delete config[key];
  for (const key of Object.keys(config)) {
    if (/^unused\d+$/.test(key)) delete config[key];
    else if (/^net\d+$/.test(key)) config[key] = String(config[key]).replace(/[0-9A-F]{2}(?::[0-9A-F]{2}){5}/i, newMac(world));
  }
  const nameKey = guest.kind === 'qemu' ? 'name' : 'hostname';
  config[nameKey] =
    parameters.optionalString(nameKey) ?? (guest.kind === 'qemu' ? `Copy-of-VM-${String(source['name'] ?? guest.vmid)}` : `CT${vmid}`);
  const description = parameters.optionalString('description');
  if (description !== undefined) config['description'] = description;
  if (guest.kind === 'qemu')
    Object.assign(config, {
      smbios1: `uuid=${world.random.uuid()}`,
      vmgenid: world.random.uuid(),
      meta: `creation-qemu=10.0.13,ctime=${seconds(world)}`,
    });
  return config;
}

/** Clones one disk and gives the text for the config. */
function* cloneDrive(
  world: World,
  source: Guest,
  clone: Guest,
  drive: Drive,
  config: GuestConfig,
  isLinked: boolean,
  wanted: { storage: string | undefined; format: string | undefined },
  made: string[],
): WorkFor<string> {
  const origin = storageInTask(world, parseVolid(drive.volid)?.storage ?? '');
  const volume = volumesOn(origin, source.node).get(drive.volid);
  if (volume === undefined) throw new Error(`volume '${drive.volid}' does not exist`);
  const target = isLinked ? origin : storageInTask(world, wanted.storage ?? origin.storage);
  const what = clone.kind === 'qemu' ? 'drive' : 'mountpoint';
  yield `create ${isLinked ? 'linked' : 'full'} clone of ${what} ${drive.key} (${drive.volid})`;
  const image = allocateImage(target, clone.node, {
    vmid: clone.vmid,
    kind: clone.kind,
    format: isLinked ? volume.format : (wanted.format ?? defaultFormat(target, clone.kind)),
    size: volume.size,
    prefix: 'vm',
    ctime: seconds(world),
    used: isLinked ? 256 * 1024 : volume.used,
    ...(isLinked ? { parent: drive.volid } : {}),
  });
  made.push(image.volid);
  if (isLinked)
    yield `clone ${drive.volid.split(':')[1] ?? ''}: images, ${image.volid.split('/').at(-1) ?? ''}, ${clone.vmid} to ${image.volid.split('/').at(-1) ?? ''}`;
  yield formattingLine(target, image);
  if (!isLinked) {
    if (clone.kind === 'lxc') {
      yield* makeFileSystem(world, volume.size);
      yield Math.max(1, volume.used / (200 * 1024 ** 2));
      yield `Total file size: ${volume.used.toLocaleString('en-US')} bytes`;
    } else {
      yield `allocated target volume '${image.volid}'`;
      if (source.status === 'running') {
        yield* copyOnline(drive.key, volume.size);
        yield `mirror-${drive.key}: Cancelling block job`;
        yield `mirror-${drive.key}: Done.`;
      } else yield* copyOffline(volume.size, volume.used);
    }
  }
  const { '': _first, file: _file, volume: _volume, size: _size, ...rest } = looseParts(String(config[drive.key]));
  return printParts({ '': image.volid, ...rest, size: printSize(volume.size) });
}

function* clone(call: Call, source: Guest, target: Guest, config: GuestConfig, isFull: boolean): Work {
  const { world, parameters } = call;
  const made: string[] = [];
  try {
    yield `creating a clone of ${source.kind === 'qemu' ? 'VM' : 'container'} ${source.vmid} with ID ${target.vmid}`;
    yield* withGuestLock(source, function* () {
      for (const drive of drivesOf(source.kind, config)) {
        if (drive.isCdrom || !drive.volid.includes(':')) continue;
        config[drive.key] = yield* cloneDrive(
          world,
          source,
          target,
          drive,
          config,
          !isFull,
          { storage: parameters.optionalString('storage'), format: parameters.optionalString('format') },
          made,
        );
      }
    });
    yield 1;
    target.config = config;
    const wanted = parameters.optionalString('target');
    if (wanted !== undefined) target.node = wanted;
    const pool = parameters.optionalString('pool');
    if (pool !== undefined) {
      world.pools.get(pool)?.vms.add(target.vmid);
      world.access.revision++;
    }
  } catch (error) {
    removeVolumes(world, source.node, made);
    world.guests.delete(target.vmid);
    throw new Error(`clone failed: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  } finally {
    delete target.config['lock'];
  }
}

const cloning = (kind: GuestKind): Endpoint => ({
  method: 'POST',
  path: `/nodes/{node}/${kind}/{vmid}/clone`,
  handler(call) {
    const { world, parameters } = call;
    const newid = parameters.number('newid');
    const pool = parameters.optionalString('pool');
    const storage = parameters.optionalString('storage');
    const target = parameters.optionalString('target');
    if (pool !== undefined && !world.pools.has(pool)) throw permissionFailure(`pool '${pool}' does not exist`);
    if (target !== undefined && !world.nodes.has(target)) throw failure(`no such cluster node '${target}'`);
    if (storage !== undefined) {
      const { shared } = usableStorage(world, storage, call.node);
      if (target !== undefined && target !== call.node && !shared) throw failure(`can't clone to non-shared storage '${storage}'`);
    }
    const guest = findGuest(world, kind, call.node, parameters.number('vmid'));
    const lock = lockOf(guest);
    if (lock !== undefined) throw failure(`${guestWord(kind)} is locked (${lock})`);
    const existing = world.guests.get(newid);
    if (existing !== undefined)
      throw failure(
        kind === 'qemu'
          ? `unable to create VM ${newid}: config file already exists`
          : `CT ${newid} already exists on node '${existing.node}'`,
      );
    const source = sourceConfig(call, guest);
    const isFull = parameters.flag('full', !isTemplate(guest));
    if (target !== undefined && target !== call.node && !isShared(world, drivesOf(kind, source)))
      throw failure(
        kind === 'qemu'
          ? `can't clone VM to node '${target}' (VM uses local storage)`
          : `can't clone CT to node '${target}' (CT uses local storage)`,
      );
    if (isFull && guest.status === 'running' && parameters.optionalString('snapname') === undefined && source['tpmstate0'] !== undefined)
      throw failure('cannot clone TPM state while VM is running');
    for (const drive of disksOf(kind, source)) {
      const storageName = parseVolid(drive.volid)?.storage ?? '';
      call.require(`/storage/${storage ?? storageName}`, 'Datastore.AllocateSpace');
      usableStorage(world, storageName, call.node);
      if (!isFull && !isTemplate(guest)) throw failure(`Linked clone feature is not supported for '${drive.volid}' (${drive.key})`);
      if (!isFull && storage !== undefined && storage !== storageName) throw failure("parameter 'storage' not allowed for linked clones");
    }
    if (
      kind === 'lxc' &&
      guest.status === 'running' &&
      isFull &&
      disksOf(kind, source).some((drive) => isFileBased(usableStorage(world, parseVolid(drive.volid)?.storage ?? '', call.node)))
    )
      throw failure('Full clone feature is not supported for a running container on this storage');
    requireBridges(call, source);
    const copy = createGuest(kind, newid, call.node, { lock: kind === 'qemu' ? 'clone' : 'create' });
    const config = clonedOptions(call, guest, source, newid);
    world.guests.set(newid, copy);
    return call.worker(kind === 'qemu' ? 'qmclone' : 'vzclone', guest.vmid, () => clone(call, guest, copy, config, isFull));
  },
});

/** Turns disks into base volumes. */
function convertDisks(world: World, guest: Guest): void {
  for (const drive of disksOf(guest.kind, guest.config)) {
    const storage = world.storages.get(parseVolid(drive.volid)?.storage ?? '');
    if (storage === undefined) continue;
    const volumes = volumesOn(storage, guest.node);
    const volume = volumes.get(drive.volid);
    if (volume === undefined) continue;
    const volid = drive.volid.replace(`vm-${guest.vmid}-`, `base-${guest.vmid}-`);
    volumes.delete(drive.volid);
    volumes.set(volid, { ...volume, volid });
    guest.config[drive.key] = String(guest.config[drive.key]).replace(drive.volid, volid);
  }
  guest.config['template'] = 1;
}

const templating = (kind: GuestKind): Endpoint => ({
  method: 'POST',
  path: `/nodes/{node}/${kind}/{vmid}/template`,
  handler(call) {
    const guest = findGuest(call.world, kind, call.node, call.parameters.number('vmid'));
    const lock = lockOf(guest);
    if (lock !== undefined) throw failure(`${guestWord(kind)} is locked (${lock})`);
    if (isTemplate(guest)) throw failure("you can't convert a template to a template");
    if (guest.snapshots.length > 0)
      throw failure(
        kind === 'qemu'
          ? 'unable to create template, because VM contains snapshots'
          : 'unable to create template, because CT contains snapshots',
      );
    if (guest.status === 'running')
      throw failure(
        `you can't convert a ${guestWord(kind)} to template if ${guestWord(kind) === 'VM' ? 'VM is running' : 'the CT is running'}`,
      );
    if (kind === 'lxc') {
      convertDisks(call.world, guest);
      return null;
    }
    return call.worker('qmtemplate', guest.vmid, function* () {
      yield 1;
      convertDisks(call.world, guest);
    });
  },
});

/** Copies of guests, and templates. */
export const guestCloneEndpoints: readonly Endpoint[] = [cloning('qemu'), cloning('lxc'), templating('qemu'), templating('lxc')];
