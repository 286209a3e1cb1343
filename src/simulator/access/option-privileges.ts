import type { Call } from '../api/endpoint.ts';
import { ApiFailure, failure, permissionFailure } from '../api/failure.ts';
import { looseParts } from '../api/property-string.ts';
import { isDriveKey, type GuestConfig, type GuestKind } from '../model/guest.ts';
import { ownerOfBackup } from '../model/storage.ts';
import { parseVolid } from '../model/world.ts';

const CPU = /^(?:cores|vcpus|cpulimit|cpuunits|cpu|sockets|numa\d*|smp|affinity)$/;
const MEMORY = /^(?:memory|balloon|shares|swap|hugepages|keephugepages|allow-ksm)$/;
const HARDWARE =
  /^(?:acpi|hotplug|kvm|machine|scsihw|smbios1|tablet|vga|watchdog|audio0|rng0|amd-sev|intel-tdx|ivshmem|arch|vmgenid|spice_enhancements|serial\d+|usb\d+|hostpci\d+|parallel\d+|virtiofs\d+)$/;
const CLOUD_INIT = /^(?:cicustom|cipassword|citype|ciuser|ciupgrade|nameserver|searchdomain|sshkeys|ipconfig\d+)$/;
const ROOT_ONLY: Readonly<Record<GuestKind, RegExp>> = { qemu: /^(?:args|lock|hookscript)$/, lxc: /^(?:lock|hookscript|lxc\..*)$/ };

/** The privileges of which one is needed to set an option. */
function privilegesFor(kind: GuestKind, key: string, value: string): readonly string[] {
  if (CPU.test(key)) return ['VM.Config.CPU'];
  if (MEMORY.test(key)) return ['VM.Config.Memory'];
  if (kind === 'qemu') {
    if (HARDWARE.test(key)) return ['VM.Config.HWType'];
    if (CLOUD_INIT.test(key)) return ['VM.Config.Cloudinit', 'VM.Config.Network'];
    if (key === 'freeze') return ['VM.PowerMgmt'];
    if (key === 'cdrom' || (isDriveKey(kind, key) && looseParts(value)['media'] === 'cdrom')) return ['VM.Config.CDROM'];
    if (isDriveKey(kind, key) && /:cloudinit/.test(value)) return ['VM.Config.CDROM', 'VM.Config.Cloudinit'];
  } else if (/^(?:hostname|nameserver|searchdomain)$/.test(key)) return ['VM.Config.Network'];
  if (isDriveKey(kind, key) || /^(?:unused\d+|boot|bootdisk|vmstatestorage)$/.test(key)) return ['VM.Config.Disk'];
  if (/^net\d+$/.test(key)) return ['VM.Config.Network'];
  return ['VM.Config.Options'];
}

/** Requires one of several privileges on a guest, or on the pool it goes to. @throws ApiFailure 403 */
function requireOnGuest(call: Call, vmid: number, privileges: readonly string[], pool?: string): void {
  if (pool !== undefined && call.hasAny(`/pool/${pool}`, privileges)) return;
  if (call.hasAny(`/vms/${vmid}`, privileges)) return;
  throw permissionFailure(`/vms/${vmid}, ${privileges.join('|')}`);
}

/**
 * Checks that the caller may set options of a guest. The values before a change decide about removing a CD-ROM.
 * @throws ApiFailure 403, or 500 for what only root@pam itself may set
 * @see qemu-server PVE/API2/Qemu.pm check_vm_modify_config_perm, pve-container PVE/LXC.pm check_ct_modify_config_perm
 */
export function requireOptionPrivileges(call: Call, kind: GuestKind, vmid: number, options: GuestConfig, pool?: string): void {
  if (call.isRoot) return;
  for (const [key, value] of Object.entries(options)) {
    const text = String(value);
    if (
      ROOT_ONLY[kind].test(key) ||
      (kind === 'qemu' && /^(?:usb|hostpci)\d+$/.test(key) && !/spice|mapping=/.test(text)) ||
      (/^serial\d+$/.test(key) && text !== 'socket' && text !== '')
    )
      throw failure(`only root can set '${key}' config`);
    if (kind === 'lxc' && key === 'features' && Object.keys(looseParts(text)).some((part) => part !== 'nesting' && part !== ''))
      throw new ApiFailure(403, 'Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)\n');
    requireOnGuest(call, vmid, privilegesFor(kind, key, text), pool);
  }
}

/** Requires the use of the bridges that network options name. @throws ApiFailure 403 */
export function requireBridges(call: Call, options: GuestConfig): void {
  for (const [key, value] of Object.entries(options)) {
    if (!/^net\d+$/.test(key)) continue;
    const { bridge, tag } = looseParts(String(value));
    if (bridge === undefined) continue;
    call.require(`/sdn/zones/localnetwork/${bridge}${tag === undefined ? '' : `/${tag}`}`, 'SDN.Use');
  }
}

/** Requires access to a volume that is named, not allocated. @throws ApiFailure @see pve-storage PVE/Storage.pm check_volume_access */
export function requireVolumeAccess(call: Call, volid: string, vmid?: number): void {
  if (call.isRoot) return;
  const parsed = parseVolid(volid);
  if (parsed === undefined) throw failure('Only root can pass arbitrary filesystem paths.');
  const path = `/storage/${parsed.storage}`;
  const [folder] = parsed.name.split('/');
  const owner = ownerOfBackup(volid) ?? Number(/(?:vm|base|subvol)-(\d+)-/.exec(parsed.name)?.[1] ?? Number.NaN);
  if (folder === 'iso' || folder === 'vztmpl' || folder === 'import') call.requireAny(path, ['Datastore.AllocateSpace', 'Datastore.Audit']);
  else if (folder === 'backup') {
    call.require(path, 'Datastore.AllocateSpace');
    call.require(`/vms/${owner}`, 'VM.Backup');
  } else if (owner !== vmid) {
    call.require(path, 'Datastore.Audit');
    call.require(`/vms/${owner}`, 'VM.Config.Disk');
  }
}

/** Requires space on the storages that disk options allocate from. @throws ApiFailure */
export function requireDiskSpace(call: Call, kind: GuestKind, vmid: number, options: GuestConfig, defaultStorage?: string): void {
  for (const [key, value] of Object.entries(options)) {
    if (!isDriveKey(kind, key)) continue;
    const parts = looseParts(String(value));
    const volid = parts['file'] ?? parts['volume'] ?? parts[''] ?? '';
    if (volid === 'none' || volid === 'cdrom') continue;
    const storage =
      /^([^:/]+):(?:\d+(?:\.\d+)?|cloudinit)$/.exec(volid)?.[1] ?? (/^\d+(?:\.\d+)?$/.test(volid) ? defaultStorage : undefined);
    if (storage !== undefined) call.require(`/storage/${storage}`, 'Datastore.AllocateSpace');
    else requireVolumeAccess(call, volid, vmid);
    if (parts['import-from'] !== undefined) requireVolumeAccess(call, parts['import-from'], vmid);
  }
}
