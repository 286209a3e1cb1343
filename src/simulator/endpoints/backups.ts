import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure, parameterFailure } from '../api/failure.ts';
import { requireVolumeAccess } from '../access/option-privileges.ts';
import { disksOf, isDriveKey } from '../model/guest.ts';
import { volumesOn, type Volume } from '../model/storage.ts';
import { findVolume, usableStorage } from '../model/world.ts';
import { backupGuests } from '../work/backup.ts';
import { markBackups, readRetention, type Mark } from '../work/retention.ts';

/** The guests of a node that a call means. */
function guestsIn(call: Call): number[] {
  const { parameters, world } = call;
  const excluded = new Set(parameters.list('exclude').map(Number));
  const pool = parameters.optionalString('pool');
  if (parameters.flag('all') || pool !== undefined) {
    const members = pool === undefined ? undefined : world.pools.get(pool)?.vms;
    return [...world.guests.values()]
      .filter((guest) => guest.node === call.node && !excluded.has(guest.vmid) && (pool === undefined || members?.has(guest.vmid) === true))
      .map((guest) => guest.vmid)
      .sort((one, other) => one - other);
  }
  const wanted = parameters.list('vmid').map(Number);
  if (wanted.length === 0) throw parameterFailure({ vmid: 'property is missing' });
  return wanted.filter((vmid) => {
    const guest = world.guests.get(vmid);
    return guest === undefined || guest.node === call.node;
  });
}

function marksFor(call: Call): Map<Volume, Mark> {
  const storage = usableStorage(call.world, call.parameters.string('storage'), call.node);
  const type = call.parameters.optionalString('type');
  const vmid = call.parameters.optionalNumber('vmid');
  const backups = [...volumesOn(storage, call.node).values()].filter(
    (volume) =>
      volume.content === 'backup' && (type === undefined || volume.subtype === type) && (vmid === undefined || volume.vmid === vmid),
  );
  return markBackups(
    backups,
    readRetention(call.parameters.optionalString('prune-backups') ?? storage.settings['prune-backups'] ?? 'keep-all=1'),
  );
}

/** Backups: making, thinning out, looking into. @see pve-manager PVE/API2/VZDump.pm, pve-storage PVE/API2/Storage/PruneBackups.pm */
export const backupEndpoints: readonly Endpoint[] = [
  {
    method: 'POST',
    path: '/nodes/{node}/vzdump',
    handler(call) {
      const { parameters, world, node } = call;
      const vmids = guestsIn(call);
      if (vmids.length === 0) return 'OK';
      const storage = parameters.optionalString('storage') ?? 'local';
      if (parameters.has('storage')) call.require(`/storage/${storage}`, 'Datastore.AllocateSpace');
      for (const key of ['bwlimit', 'ionice', 'performance']) if (parameters.has(key)) call.require('/', 'Sys.Modify');
      const settings = Object.keys(parameters.values)
        .filter((key) => !['vmid', 'node'].includes(key))
        .map((key) => {
          const value = parameters.string(key);
          return `--${key} ${/^[\w.,=:/-]+$/.test(value) ? value : `'${value}'`}`;
        });
      const id = vmids.length === 1 && !parameters.flag('all') ? String(vmids[0]) : '';
      return call.worker('vzdump', id, () =>
        backupGuests(
          { world, node, vmids, storage, parameters, mayBackup: (vmid) => call.has(`/vms/${vmid}`, 'VM.Backup') },
          `${vmids.join(' ')} ${[...settings, `--node ${node}`].join(' ')}`,
        ),
      );
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/vzdump/defaults',
    handler: () => ({
      all: 0,
      bwlimit: 0,
      compress: '0',
      dumpdir: '/var/lib/vz/dump',
      fleecing: { enabled: 0 },
      ionice: 7,
      lockwait: 180,
      mailnotification: 'always',
      mode: 'snapshot',
      'notification-mode': 'auto',
      performance: { 'max-workers': 16, 'pbs-entries-max': 1048576 },
      pigz: 0,
      'prune-backups': 'keep-all=1',
      quiet: 0,
      remove: 1,
      stdexcludes: 1,
      stop: 0,
      stopwait: 10,
      storage: 'local',
      zstd: 1,
    }),
  },
  {
    method: 'GET',
    path: '/nodes/{node}/vzdump/extractconfig',
    handler(call) {
      const volid = call.parameters.string('volume');
      requireVolumeAccess(call, volid);
      const volume = findVolume(call.world, volid, call.node);
      if (volume?.archive === undefined) throw failure(`unable to extract configuration from '${volid}'`);
      const { config, kind } = volume.archive;
      const map =
        kind === 'qemu'
          ? disksOf(kind, config)
              .filter((drive) => isDriveKey(kind, drive.key))
              .map(
                (drive) =>
                  `#qmdump#map:${drive.key}:drive-${drive.key}:${drive.volid.split(':')[0] ?? ''}:${/\.(\w+)$/.exec(drive.volid)?.[1] ?? 'raw'}:\n`,
              )
          : [];
      return (
        Object.keys(config)
          .sort()
          .map((key) => `${key}: ${config[key]}\n`)
          .join('') + map.join('')
      );
    },
  },
  {
    method: 'GET',
    path: '/nodes/{node}/storage/{storage}/prunebackups',
    handler: (call) =>
      [...marksFor(call)].map(([volume, mark]) => ({
        volid: volume.volid,
        ctime: volume.ctime,
        vmid: volume.vmid,
        type: volume.subtype,
        mark,
      })),
  },
  {
    method: 'DELETE',
    path: '/nodes/{node}/storage/{storage}/prunebackups',
    handler(call) {
      const storage = usableStorage(call.world, call.parameters.string('storage'), call.node);
      const vmid = call.parameters.optionalNumber('vmid');
      if (!call.has(`/storage/${storage.storage}`, 'Datastore.Allocate')) {
        call.require(`/storage/${storage.storage}`, 'Datastore.AllocateSpace');
        if (vmid === undefined) call.require(`/storage/${storage.storage}`, 'Datastore.Allocate');
        else call.require(`/vms/${vmid}`, 'VM.Backup');
      }
      const type = call.parameters.optionalString('type');
      return call.worker(
        'prunebackups',
        `${type === undefined ? '' : `${type}/`}${vmid ?? ''}@${storage.storage}`.replace('/', '-'),
        function* () {
          const marks = marksFor(call);
          const retention = call.parameters.optionalString('prune-backups') ?? storage.settings['prune-backups'] ?? 'keep-all=1';
          yield `prune backups on storage '${storage.storage}' with retention: ${retention}`;
          yield 1;
          for (const [volume, mark] of marks) {
            if (mark === 'remove') volumesOn(storage, call.node).delete(volume.volid);
            yield mark === 'remove' ? `removed backup '${volume.volid}'` : `${mark === 'keep' ? 'keep' : 'protected'}: '${volume.volid}'`;
          }
        },
      );
    },
  },
];
