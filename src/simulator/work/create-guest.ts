import { requireBridges } from '../access/option-privileges.ts';
import type { Call } from '../api/endpoint.ts';
import { guestWord, isDriveKey, type Guest, type GuestConfig, type GuestKind } from '../model/guest.ts';
import { GIB, printSize } from '../model/size.ts';
import { volumePath, type Volume } from '../model/storage.ts';
import { findVolume, parseVolid, seconds, type World } from '../model/world.ts';
import type { Work } from '../tasks/task-registry.ts';
import { completeNetwork, realizeDrive, removeVolumes } from './disks.ts';
import { haSid } from './ha.ts';
import { startContainer, startVm } from './power.ts';
import { restoreGuest } from './restore.ts';

/** What a create or restore call asks for, after its checks. */
export interface CreationPlan {
  readonly call: Call;
  readonly kind: GuestKind;
  readonly vmid: number;
  readonly options: GuestConfig;
  readonly archive: string | undefined;
  readonly storage: string | undefined;
  readonly pool: string | undefined;
  readonly existing: Guest | undefined;
}

/** The backup to restore from. @throws Error */
function backupIn(world: World, volid: string, node: string): Volume {
  const storage = world.storages.get(parseVolid(volid)?.storage ?? '');
  if (storage === undefined) throw new Error(`storage '${parseVolid(volid)?.storage ?? volid}' does not exist`);
  const volume = findVolume(world, volid, node);
  if (volume?.archive === undefined) throw new Error(`archive '${volumePath(storage, volid)}' does not exist`);
  return volume;
}

/** Options that a new guest gets without being asked. */
function withDefaults(world: World, plan: CreationPlan): GuestConfig {
  const now = seconds(world);
  if (plan.kind === 'lxc')
    return {
      arch: 'amd64',
      ostype: /alpine/.test(plan.call.parameters.string('ostemplate')) ? 'alpine' : 'debian',
      hostname: `CT${plan.vmid}`,
      memory: 512,
      swap: 512,
      ...plan.options,
    };
  return {
    meta: `creation-qemu=10.0.13,ctime=${now}`,
    smbios1: `uuid=${world.random.uuid()}`,
    vmgenid: world.random.uuid(),
    ...plan.options,
  };
}

/** Makes the disks and networks of a new guest; a failure removes what was made. */
function* realizeOptions(world: World, guest: Guest, options: GuestConfig, defaultStorage: string): Work {
  const made: string[] = [];
  try {
    for (const [key, value] of Object.entries(options)) {
      if (isDriveKey(guest.kind, key)) guest.config[key] = yield* realizeDrive(world, guest, key, String(value), made, defaultStorage);
      else
        guest.config[key] = /^net\d+$/.test(key)
          ? completeNetwork(world, guest.kind, String(value))
          : key === 'tags'
            ? [
                ...new Set(
                  String(value)
                    .split(/[;,\s]+/)
                    .filter((tag) => tag !== ''),
                ),
              ]
                .sort()
                .join(';')
            : value;
    }
  } catch (error) {
    removeVolumes(world, guest.node, made);
    throw error;
  }
}

function* extractTemplate(world: World, guest: Guest, plan: CreationPlan): Work {
  const volid = plan.call.parameters.string('ostemplate');
  const template = findVolume(world, volid, guest.node);
  if (template === undefined) {
    yield `volume '${volid}' does not exist`;
    throw new Error(`volume '${volid}' does not exist`);
  }
  const storage = world.storages.get(parseVolid(volid)?.storage ?? '');
  yield `extracting archive '${storage === undefined ? volid : volumePath(storage, volid)}'`;
  yield 3;
  yield `Total bytes read: ${template.size * 3} (${Math.ceil((template.size * 3) / 1024 ** 2)}MiB, 177MiB/s)`;
  yield 'Detected container architecture: amd64';
  if (!/alpine/.test(volid)) {
    for (const kind of ['rsa', 'ecdsa', 'ed25519']) {
      yield `Creating SSH host key 'ssh_host_${kind}_key' - this may take some time ...`;
      yield `done: SHA256:${Buffer.from(world.random.hex(64), 'hex').toString('base64').replace(/=+$/, '')} root@${String(guest.config['hostname'])}`;
    }
  }
}

/** Creates or restores a guest; what fails leaves nothing new behind. */
export function* createOrRestore(plan: CreationPlan, guest: Guest): Work {
  const { call, kind, vmid } = plan;
  const { world } = call;
  const word = guestWord(kind);
  const isNew = plan.existing === undefined;
  try {
    if (plan.archive !== undefined) {
      const overrides = plan.options;
      const volume = backupIn(world, plan.archive, guest.node);
      requireBridges(call, { ...volume.archive?.config, ...overrides });
      yield* restoreGuest(world, guest, {
        volume,
        storage: plan.storage,
        unique: call.parameters.flag('unique'),
        overrides,
      });
    } else {
      const options = withDefaults(world, plan);
      if (kind === 'lxc' && options['rootfs'] === undefined)
        options['rootfs'] = `${plan.storage ?? 'local'}:${printSize(4 * GIB).replace('G', '')}`;
      guest.config['hostname'] = options['hostname'] ?? '';
      if (kind === 'qemu') delete guest.config['hostname'];
      yield* realizeOptions(world, guest, options, plan.storage ?? 'local');
      if (kind === 'lxc') yield* extractTemplate(world, guest, plan);
      else yield 0.5;
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (isNew) world.guests.delete(vmid);
    throw new Error(`unable to ${plan.archive === undefined ? 'create' : 'restore'} ${word} ${vmid} - ${message}`, { cause: error });
  } finally {
    if (guest.config['lock'] === 'create') delete guest.config['lock'];
  }
  if (plan.pool !== undefined) {
    world.pools.get(plan.pool)?.vms.add(vmid);
    world.access.revision++;
  }
  if (call.parameters.flag('ha-managed'))
    world.haResources.set(haSid(guest), {
      sid: haSid(guest),
      state: call.parameters.flag('start') ? 'started' : 'stopped',
      max_restart: 1,
      max_relocate: 1,
    });
  if (call.parameters.flag('start')) {
    if (kind === 'qemu') yield 'Execute autostart';
    world.tasks.start({ node: guest.node, type: kind === 'qemu' ? 'qmstart' : 'vzstart', id: String(vmid), user: call.identity }, () =>
      kind === 'qemu' ? startVm(world, guest) : startContainer(world, guest),
    );
  }
}
