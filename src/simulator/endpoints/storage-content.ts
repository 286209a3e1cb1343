import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure, permissionFailure } from '../api/failure.ts';
import { isFileBased, ownerOfBackup, volumePath, volumesOn, type Storage, type Volume } from '../model/storage.ts';
import { parseSize } from '../model/size.ts';
import { findStorage, seconds, usableStorage, type World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { isBaseInUse } from '../work/disks.ts';
import { requireVolumeAccess } from '../access/option-privileges.ts';

/** A task of the backup server, which Proxmox VE passes on as it is. */
const VERIFICATION_TASK = 'UPID:pbs:000002A1:0000F3C2:00000012:692B0A10:verificationjob:store:root@pam:';

/** One volume in the list. @see pve-storage PVE/API2/Storage/Content.pm */
function contentRow(volume: Volume): Record<string, unknown> {
  const isImage = volume.content === 'images' || volume.content === 'rootdir';
  return {
    volid: volume.volid,
    content: volume.content,
    format: volume.format,
    size: volume.size,
    ctime: volume.ctime,
    ...(volume.vmid === undefined ? {} : { vmid: volume.vmid }),
    ...(isImage
      ? { used: volume.used, parent: volume.parent === undefined ? null : volume.parent.slice(volume.parent.indexOf(':') + 1) }
      : {}),
    ...(volume.subtype === undefined ? {} : { subtype: volume.subtype }),
    ...(volume.notes === undefined || volume.notes === '' ? {} : { notes: volume.notes }),
    ...(volume.isProtected === true ? { protected: 1 } : {}),
    ...(volume.encrypted === undefined ? {} : { encrypted: volume.encrypted }),
    ...(volume.verification === undefined ? {} : { verification: { state: volume.verification, upid: VERIFICATION_TASK } }),
  };
}

/** Whether the caller may see a volume. Lists leave out what may not be seen. */
function maySee(call: Call, volume: Volume): boolean {
  try {
    requireVolumeAccess(call, volume.volid);
    return true;
  } catch {
    return call.has(`/storage/${volume.volid.split(':')[0] ?? ''}`, 'Datastore.Allocate');
  }
}

const fullVolid = (storage: Storage, volume: string): string =>
  volume.startsWith(`${storage.storage}:`) ? volume : `${storage.storage}:${volume}`;

interface Target {
  readonly storage: Storage;
  readonly volid: string;
  readonly volume: Volume | undefined;
}

function targetOf(call: Call): Target {
  const storage = usableStorage(
    call.world,
    call.parameters.optionalString('storage') ?? call.parameters.string('volume').split(':')[0] ?? '',
    call.node,
  );
  const volid = fullVolid(storage, call.parameters.string('volume'));
  return { storage, volid, volume: volumesOn(storage, call.node).get(volid) };
}

/** @throws ApiFailure 403 */
function requireDeletion(call: Call, { storage, volid }: Target): void {
  const path = `/storage/${storage.storage}`;
  const [kind] = volid.slice(volid.indexOf(':') + 1).split('/');
  const owner = ownerOfBackup(volid);
  if (kind === 'backup' && owner !== undefined && call.has(path, 'Datastore.AllocateSpace') && call.has(`/vms/${owner}`, 'VM.Backup'))
    return;
  if (!call.has(path, 'Datastore.Allocate')) throw permissionFailure(`${path}, Datastore.Allocate`);
}

function* remove(call: Call, target: Target): Work {
  const { storage, volid, volume } = target;
  const volname = volid.slice(volid.indexOf(':') + 1);
  if (volume?.isProtected === true) throw new Error(`cannot remove protected volume '${volname}' on '${storage.storage}'`);
  if (isBaseInUse(storage, call.node, volid)) throw new Error(`base volume '${volname}' is still in use by linked clones`);
  yield 0.5;
  if (volume === undefined) {
    if (!isFileBased(storage)) throw new Error(`no such logical volume ${volname}`);
    yield `disk image '${volumePath(storage, volid)}' does not exist`;
  }
  volumesOn(storage, call.node).delete(volid);
  yield `Removed volume '${volid}'`;
}

const ownerIn = (volid: string): number | undefined => {
  const [, image, folder] = /(?:vm|base|subvol)-(\d+)-|^[^:]+:(\d+)\//.exec(volid) ?? [];
  const owner = image ?? folder;
  return owner === undefined ? ownerOfBackup(volid) : Number(owner);
};

function allocate(call: Call, world: World): string {
  const { parameters, node } = call;
  const storage = usableStorage(world, parameters.string('storage'), node);
  const vmid = parameters.number('vmid');
  const filename = parameters.string('filename');
  const text = parameters.string('size');
  const size = parseSize(/[KMGT]$/.test(text) ? text : `${text}K`) ?? 0;
  const format = parameters.optionalString('format') ?? /\.(qcow2|raw|vmdk)$/.exec(filename)?.[1] ?? 'raw';
  const volid = `${storage.storage}:${isFileBased(storage) ? `${vmid}/` : ''}${filename}`;
  if (volumesOn(storage, node).has(volid)) throw failure(`disk image '${volumePath(storage, volid)}' already exists`);
  volumesOn(storage, node).set(volid, { volid, content: 'images', format, size, used: 200_704, ctime: seconds(world), vmid });
  return volid;
}

/** What lies on storages. @see pve-storage PVE/API2/Storage/Content.pm */
export const storageContentEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/content',
    handler(call) {
      const storage = usableStorage(call.world, call.parameters.string('storage'), call.node);
      const content = call.parameters.optionalString('content');
      const vmid = call.parameters.optionalNumber('vmid');
      return [...volumesOn(storage, call.node).values()]
        .filter(
          (volume) =>
            (content === undefined || volume.content === content) &&
            (vmid === undefined || volume.vmid === vmid || (volume.vmid === undefined && volume.content === 'import')) &&
            maySee(call, volume),
        )
        .map(contentRow);
    },
  },
  { method: 'POST', path: '/nodes/{node}/storage/{storage}/content', handler: (call) => allocate(call, call.world) },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/import-metadata',
    handler(call) {
      const { volid, volume } = targetOf(call);
      requireVolumeAccess(call, volid);
      if (volume?.format !== 'ova') throw failure(`'${volid}' is not a valid import volume`);
      const disks = Object.entries(volume.ovaDisks ?? {}).map(([file, size], index) => [
        `scsi${index}`,
        { volid: `${volid}/${file}`, size },
      ]);
      return {
        type: 'vm',
        'create-args': {},
        disks: Object.fromEntries(disks),
        net: {},
        warnings: [{ type: 'ova-needs-extracting' }],
      };
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/content/{volume}',
    handler(call) {
      const { storage, volid, volume } = targetOf(call);
      requireVolumeAccess(call, volid);
      if (volume === undefined) throw failure(`volume_size_info on '${volid}' failed - no format`);
      const isPlain = volume.content === 'backup' || volume.content === 'iso';
      return {
        path: volumePath(storage, volid),
        size: volume.size,
        used: volume.used,
        format: isPlain ? 'raw' : volume.format,
        ...(volume.content === 'backup' ? { notes: volume.notes ?? '', ...(volume.isProtected === true ? { protected: 1 } : {}) } : {}),
      };
    },
  },
  {
    method: 'PUT',
    path: '/nodes/{node}/storage/{storage}/content/{volume}',
    handler(call) {
      const target = targetOf(call);
      requireDeletion(call, target);
      if (target.volume === undefined) throw failure(`volume '${target.volid}' does not exist`);
      if (target.volume.content !== 'backup') throw failure(`attribute 'notes' is not supported for type '${target.volume.content}'`);
      const notes = call.parameters.optionalString('notes');
      if (notes !== undefined) target.volume.notes = notes;
      if (call.parameters.has('protected')) target.volume.isProtected = call.parameters.flag('protected');
      return null;
    },
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/storage/{storage}/content/{volume}',
    async handler(call) {
      findStorage(call.world, call.parameters.string('storage'));
      const target = targetOf(call);
      requireDeletion(call, target);
      const owner = ownerIn(target.volid);
      const task = call.startTask('imgdel', owner === undefined ? target.storage.storage : `${owner}@${target.storage.storage}`, () =>
        remove(call, target),
      );
      const delay = call.parameters.optionalNumber('delay') ?? 0;
      if (delay > 0) await Promise.race([call.world.tasks.ended(task), call.world.clock.sleep(delay)]);
      if (delay === 0 || task.running) return task.upid;
      if (task.exitstatus !== 'OK') throw failure(task.exitstatus ?? 'unexpected status');
      return null;
    },
  },
];
