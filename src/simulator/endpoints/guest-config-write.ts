import { requireBridges, requireDiskSpace, requireOptionPrivileges } from '../access/option-privileges.ts';
import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure, parameterFailure } from '../api/failure.ts';
import { schemaOf } from '../api/endpoint.ts';
import { parameterSchema } from '../api/schema.ts';
import {
  configValue,
  digestOf,
  guestWord,
  isDriveKey,
  lockOf,
  readDrive,
  type Guest,
  type GuestConfig,
  type GuestKind,
} from '../model/guest.ts';
import { findGuest, type World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { completeNetwork, realizeDrive, removeVolumes } from '../work/disks.ts';
import { lockFile } from '../work/guest-lock.ts';

/** Parameters that steer the call and are no options of the guest. */
const CONTROL = new Set(['node', 'vmid', 'digest', 'delete', 'revert', 'force', 'skiplock', 'background_delay', 'import-working-storage']);

/** Options that take effect on a running guest. @see qemu-server PVE/QemuServer.pm (fast_plug_option), pve-container PVE/LXC/Config.pm */
const HOT: Readonly<Record<GuestKind, RegExp>> = {
  qemu: /^(?:autostart|balloon|boot|bootdisk|cicustom|cipassword|citype|ciupgrade|ciuser|description|hookscript|hotplug|ide\d+|ipconfig\d+|lock|migrate_\w+|name|nameserver|net\d+|onboot|protection|scsi\d+|searchdomain|shares|sshkeys|startup|tags|unused\d+|usb\d+|virtio\d+|vmstatestorage)$/,
  lxc: /^(?:cores|cpulimit|cpuunits|description|hookscript|lock|memory|mp\d+|nameserver|net\d+|onboot|protection|searchdomain|startup|swap|tags|unused\d+)$/,
};

/** The options that a call sets. */
export const optionsIn = (call: Call, kind: GuestKind, control: ReadonlySet<string> = CONTROL): GuestConfig =>
  Object.fromEntries(
    Object.keys(call.parameters.values)
      .filter((key) => !control.has(key))
      .map((key) => [key, configValue(kind, key, call.parameters.string(key))]),
  );

function keepAsUnused(guest: Guest, volid: string): void {
  for (let n = 0; n < 256; n++)
    if (guest.config[`unused${n}`] === undefined) {
      guest.config[`unused${n}`] = volid;
      return;
    }
}

function removeOption(world: World, guest: Guest, key: string, force: boolean): void {
  const value = guest.config[key];
  if (value === undefined) {
    delete guest.pending[key];
    return;
  }
  if (/^unused\d+$/.test(key)) removeVolumes(world, guest.node, [String(value)]);
  else if (isDriveKey(guest.kind, key)) {
    const drive = readDrive(key, String(value));
    if (!drive.isCdrom && drive.volid.includes(':')) {
      if (force) removeVolumes(world, guest.node, [drive.volid]);
      else keepAsUnused(guest, drive.volid);
    }
  }
  delete guest.pending[key];
  delete guest.config[key];
}

/** Applies a change; what a running guest cannot take waits for its next start. */
function* applyChange(
  world: World,
  guest: Guest,
  options: GuestConfig,
  removed: readonly string[],
  reverted: readonly string[],
  force: boolean,
): Work {
  const made: string[] = [];
  for (const key of reverted) delete guest.pending[key];
  for (const key of removed) {
    if (guest.status === 'running' && !HOT[guest.kind].test(key) && guest.config[key] !== undefined) guest.pending[key] = null;
    else removeOption(world, guest, key, force);
  }
  for (const [key, value] of Object.entries(options)) {
    if (value === '' || (key === 'description' && value === '')) {
      removeOption(world, guest, key, force);
      continue;
    }
    let kept = value;
    if (isDriveKey(guest.kind, key)) {
      const before = guest.config[key] === undefined ? undefined : readDrive(key, String(guest.config[key]));
      kept = yield* realizeDrive(world, guest, key, String(value), made);
      if (before !== undefined && !before.isCdrom && before.volid !== readDrive(key, kept).volid) keepAsUnused(guest, before.volid);
    } else if (/^net\d+$/.test(key)) kept = completeNetwork(world, guest.kind, String(value));
    else if (key === 'tags')
      kept = [
        ...new Set(
          String(value)
            .split(/[;,\s]+/)
            .filter((tag) => tag !== ''),
        ),
      ]
        .sort()
        .join(';');
    if (guest.status === 'running' && !HOT[guest.kind].test(key) && guest.config[key] !== kept) guest.pending[key] = kept;
    else {
      delete guest.pending[key];
      guest.config[key] = kept;
    }
  }
}

/** @throws ApiFailure 500 when the configuration is another one than the caller knows */
export function refuseModified(call: Call, guest: Guest): void {
  const digest = call.parameters.optionalString('digest');
  if (digest === undefined || digest === digestOf(guest)) return;
  throw failure(
    guest.kind === 'qemu'
      ? 'checksum mismatch (file change by other user?)'
      : 'detected modified configuration - file changed by other user? Try again.',
  );
}

interface Change {
  readonly guest: Guest;
  readonly work: () => Work;
  readonly options: GuestConfig;
  readonly removed: readonly string[];
}

/** Checks a change of a guest's options. @throws ApiFailure */
function prepareChange(call: Call, kind: GuestKind, endpoint: Endpoint): Change {
  const { parameters, world } = call;
  const vmid = parameters.number('vmid');
  const options = optionsIn(call, kind);
  const removed = parameters.list('delete');
  const declared = schemaOf(endpoint).parameters ?? {};
  for (const key of removed)
    if (parameterSchema(declared, key) === undefined) throw parameterFailure({ delete: `unknown option '${key}'` });
  for (const key of removed)
    if (options[key] !== undefined) throw parameterFailure({ delete: `unable to modify and delete '${key}' at the same time` });
  const guest = world.guests.get(vmid);
  requireOptionPrivileges(call, kind, vmid, { ...options, ...Object.fromEntries(removed.map((key) => [key, guest?.config[key] ?? ''])) });
  requireDiskSpace(call, kind, vmid, options);
  requireBridges(call, options);
  const found = findGuest(world, kind, call.node, vmid);
  refuseModified(call, found);
  if (found.flock) throw failure(`can't lock file '${lockFile(found)}' - got timeout`);
  const lock = lockOf(found);
  if (lock !== undefined) throw failure(`${guestWord(kind)} is locked (${lock})`);
  const protectedDisks = removed.some((key) => isDriveKey(kind, key)) && Number(found.config['protection'] ?? 0) === 1;
  if (protectedDisks)
    throw failure(
      kind === 'qemu'
        ? `can't remove drive '${removed.find((key) => isDriveKey(kind, key)) ?? ''}' - protection mode enabled`
        : `can't remove CT ${vmid} drive - protection mode enabled`,
    );
  return {
    guest: found,
    options,
    removed,
    work: () => applyChange(world, found, options, removed, parameters.list('revert'), parameters.flag('force')),
  };
}

/** Runs a change within the call; time that passes in it does not count. */
function runNow(work: Work): void {
  for (let step = work.next(); step.done !== true; step = work.next()) {
    /* log lines of a synchronous change go nowhere */
  }
}

const putConfig = (kind: GuestKind): Endpoint => {
  const endpoint: Endpoint = {
    method: 'PUT',
    path: `/nodes/{node}/${kind}/{vmid}/config`,
    handler(call) {
      runNow(prepareChange(call, kind, endpoint).work());
      return null;
    },
  };
  return endpoint;
};

const postConfig: Endpoint = {
  method: 'POST',
  path: '/nodes/{node}/qemu/{vmid}/config',
  async handler(call) {
    const change = prepareChange(call, 'qemu', postConfig);
    const shown = [
      ...Object.entries(change.options).map(([key, value]) => `-${key} ${key === 'cipassword' ? '<hidden>' : value}`),
      ...(change.removed.length > 0 ? [`-delete ${change.removed.join(',')}`] : []),
    ].join(' ');
    const task = call.startTask('qmconfig', change.guest.vmid, function* () {
      yield `update VM ${change.guest.vmid}: ${shown}`;
      yield* change.work();
    });
    const delay = call.parameters.optionalNumber('background_delay') ?? 0;
    if (delay > 0) await Promise.race([call.world.tasks.ended(task), call.world.clock.sleep(delay)]);
    if (delay === 0 || task.running) return task.upid;
    if (task.exitstatus !== 'OK') throw failure(task.exitstatus ?? 'unexpected status');
    return null;
  },
};

/** Changing the options of guests: PUT within the call, POST (VMs only) as a task. */
export const guestConfigWriteEndpoints: readonly Endpoint[] = [putConfig('qemu'), putConfig('lxc'), postConfig];
