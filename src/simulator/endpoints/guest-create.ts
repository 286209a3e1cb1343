import { requireBridges, requireDiskSpace, requireOptionPrivileges, requireVolumeAccess } from '../access/option-privileges.ts';
import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure, parameterFailure, permissionFailure } from '../api/failure.ts';
import { createGuest, guestWord, lockOf, type Guest, type GuestConfig, type GuestKind } from '../model/guest.ts';
import { isFileBased } from '../model/storage.ts';
import { usableStorage } from '../model/world.ts';
import { createOrRestore, type CreationPlan } from '../work/create-guest.ts';
import { optionsIn } from './guest-config-write.ts';

const CONTROL: Readonly<Record<GuestKind, ReadonlySet<string>>> = {
  qemu: new Set([
    'node',
    'vmid',
    'archive',
    'force',
    'storage',
    'pool',
    'start',
    'unique',
    'bwlimit',
    'live-restore',
    'import-working-storage',
    'ha-managed',
  ]),
  lxc: new Set([
    'node',
    'vmid',
    'ostemplate',
    'force',
    'storage',
    'pool',
    'start',
    'unique',
    'bwlimit',
    'restore',
    'ignore-unpack-errors',
    'password',
    'ssh-public-keys',
    'ha-managed',
  ]),
};

const exists = (guest: Guest): string => `${guestWord(guest.kind)} ${guest.vmid} already exists on node '${guest.node}'`;

/** @throws ApiFailure 403 with or without a path, as the two kinds do */
function requireAllocation(call: Call, vmid: number, pool: string | undefined, canRestoreOver: boolean): void {
  if (
    call.has(`/vms/${vmid}`, 'VM.Allocate') ||
    (pool !== undefined && call.has(`/pool/${pool}`, 'VM.Allocate')) ||
    (canRestoreOver && call.has(`/vms/${vmid}`, 'VM.Backup'))
  )
    return;
  throw permissionFailure();
}

function refuseExisting(plan: Omit<CreationPlan, 'existing' | 'options'>, guest: Guest | undefined, force: boolean): void {
  if (guest === undefined) return;
  const { kind, call, vmid, archive } = plan;
  const isOverwritable = force && archive !== undefined && guest.kind === kind && guest.node === call.node;
  if (!isOverwritable)
    throw failure(
      kind === 'qemu' ? `unable to ${archive === undefined ? 'create' : 'restore'} VM ${vmid} - ${exists(guest)}` : exists(guest),
    );
  if (guest.status === 'running')
    throw failure(kind === 'qemu' ? `unable to restore VM ${vmid} - VM ${vmid} is running` : "can't overwrite running container");
  const lock = lockOf(guest);
  if (lock !== undefined) throw failure(`unable to restore ${guestWord(kind)} ${vmid} - ${guestWord(kind)} is locked (${lock})`);
  if (Number(guest.config['protection'] ?? 0) === 1)
    throw failure(
      kind === 'qemu'
        ? `unable to restore VM ${vmid} - can't remove VM ${vmid} - protection mode enabled`
        : `can't overwrite CT ${vmid} - protection mode enabled`,
    );
}

/** Disks of OVA archives are unpacked on a storage of files with images. @see qemu-server PVE/API2/Qemu.pm, check_storage_access */
function requireUnpackingSpace(call: Call, options: GuestConfig): void {
  const wanted = call.parameters.optionalString('import-working-storage');
  for (const value of Object.values(options)) {
    const archive = /import-from=([^:]+):import\/[^,]+\.ova\//.exec(String(value))?.[1];
    const storage = archive === undefined ? undefined : call.world.storages.get(wanted ?? archive);
    if (storage === undefined) continue;
    if (!isFileBased(storage) || !storage.content.includes('images'))
      throw parameterFailure({
        'import-working-storage': `${storage.storage} does not support 'images' content type or is not file based.`,
      });
    call.require(`/storage/${storage.storage}`, 'Datastore.AllocateSpace');
  }
}

/** @throws ApiFailure */
function checkCreate(call: Call, kind: GuestKind): CreationPlan {
  const { parameters, world } = call;
  const vmid = parameters.number('vmid');
  const pool = parameters.optionalString('pool');
  const storage = parameters.optionalString('storage');
  const source = parameters.optionalString(kind === 'qemu' ? 'archive' : 'ostemplate');
  const archive = kind === 'qemu' || parameters.flag('restore') ? source : undefined;
  const options = optionsIn(call, kind, CONTROL[kind]);
  if (pool !== undefined && !world.pools.has(pool)) throw permissionFailure(`pool '${pool}' does not exist`);
  requireAllocation(call, vmid, pool, archive !== undefined && parameters.flag('force'));
  requireOptionPrivileges(call, kind, vmid, options, pool);
  if (storage !== undefined) {
    usableStorage(world, storage, call.node);
    call.require(`/storage/${storage}`, 'Datastore.AllocateSpace');
  }
  if (kind === 'lxc' && archive === undefined && options['rootfs'] === undefined) {
    usableStorage(world, storage ?? 'local', call.node);
    if (storage === undefined) call.require('/storage/local', 'Datastore.AllocateSpace');
  }
  requireDiskSpace(call, kind, vmid, options, storage ?? 'local');
  requireUnpackingSpace(call, options);
  requireBridges(call, options);
  if (source !== undefined) requireVolumeAccess(call, source, vmid);
  const existing = world.guests.get(vmid);
  refuseExisting({ call, kind, vmid, archive, storage, pool }, existing, parameters.flag('force'));
  return { call, kind, vmid, options, archive, storage, pool, existing };
}

const creation = (kind: GuestKind): Endpoint => ({
  method: 'POST',
  path: `/nodes/{node}/${kind}`,
  handler(call) {
    const plan = checkCreate(call, kind);
    let guest = plan.existing;
    if (guest === undefined) {
      guest = createGuest(kind, plan.vmid, call.node, {});
      call.world.guests.set(plan.vmid, guest);
    }
    guest.config['lock'] = 'create';
    const target = guest;
    const prefix = kind === 'qemu' ? 'qm' : 'vz';
    return call.worker(`${prefix}${plan.archive === undefined ? 'create' : 'restore'}`, plan.vmid, () => createOrRestore(plan, target));
  },
});

/** Creating guests, also from a backup. @see qemu-server PVE/API2/Qemu.pm create_vm, pve-container PVE/API2/LXC.pm create_vm */
export const guestCreateEndpoints: readonly Endpoint[] = [creation('qemu'), creation('lxc')];
