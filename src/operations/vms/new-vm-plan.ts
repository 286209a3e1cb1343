import { OperationError } from '../../domain/operation-error.ts';
import type { Facts } from '../../domain/plan.ts';
import type { NewCloudInit, NewVm } from '../../proxmox/new-vm.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { withJobMarker } from '../job-marker.ts';
import { knownVolume } from '../known-volume.ts';
import { knownImport, unpackingStorage } from './known-import.ts';
import { wantedDisks } from './new-vm-disks.ts';
import type { NewVmInput } from './new-vm-input.ts';
import { wantedNetworks } from './new-vm-networks.ts';
import { placeDisks } from './new-vm-storage.ts';

interface Place {
  readonly node: string;
  readonly vmid: number;
  readonly jobId: string;
}

/**
 * Settles every choice of a new VM by reading the cluster, and says which were made for the caller.
 * @throws OperationError for whatever Proxmox would refuse, or take and fail with later
 */
export async function planNewVm(pve: ProxmoxReader, input: NewVmInput, { node, vmid, jobId }: Place): Promise<{ vm: NewVm; facts: Facts }> {
  if (input.pre_enrolled_keys !== undefined && input.bios !== 'ovmf') {
    throw new OperationError('invalid_input', 'pre_enrolled_keys needs bios=ovmf.', {
      hint: 'Add bios=ovmf or leave pre_enrolled_keys out.',
      details: { field: 'pre_enrolled_keys' },
    });
  }
  if (input.start) await assertCpusSuffice(pve, node, input);
  const wanted = wantedDisks(input);
  const hasCloudInit = wantsCloudInit(input);
  const needsOne = input.bios === 'ovmf' || input.tpm || hasCloudInit;
  const [networks, { disks, main, reason }, archives] = await Promise.all([
    wantedNetworks(pve, node, input),
    placeDisks(pve, node, wanted, { storage: input.storage, needsOne }),
    Promise.all(
      wanted.flatMap(({ importFrom, prefix }) =>
        importFrom === undefined ? [] : [knownImport(pve, node, importFrom, `${prefix}import_from`)],
      ),
    ),
    ...(input.iso === undefined ? [] : [knownVolume(pve, node, input.iso, 'iso', 'iso')]),
    ...(input.drivers_iso === undefined ? [] : [knownVolume(pve, node, input.drivers_iso, 'iso', 'drivers_iso')]),
  ]);
  const unpacked = await unpackingStorage(
    pve,
    node,
    archives.filter((archive) => archive !== undefined),
  );
  const storage = main ?? '';
  const vm: NewVm = {
    node,
    vmid,
    disks,
    networks,
    isos: [input.iso, input.drivers_iso].filter((volid) => volid !== undefined),
    efi: input.bios === 'ovmf' ? { storage, preEnrolledKeys: input.pre_enrolled_keys ?? true } : undefined,
    tpmStorage: input.tpm ? storage : undefined,
    cloudInit: hasCloudInit ? cloudInitOf(input, storage) : undefined,
    options: {
      name: input.name,
      cores: input.cpus,
      sockets: input.sockets === 1 ? undefined : input.sockets,
      cpu: input.cpu,
      memory: input.memory,
      ostype: input.ostype,
      scsihw: 'virtio-scsi-single',
      bios: input.bios === 'ovmf' ? 'ovmf' : undefined,
      machine: input.machine,
      agent: input.agent ? 'enabled=1' : undefined,
      // Cloud images write their boot messages to the serial port, and some do not boot without one.
      serial0: disks.some((disk) => disk.importFrom !== undefined) ? 'socket' : undefined,
      tags: input.tags && input.tags.length > 0 ? input.tags.join(';') : undefined,
      pool: input.pool,
      'import-working-storage': unpacked,
      onboot: input.onboot || undefined,
      description: withJobMarker(input.description, jobId),
    },
  };
  const storages = [...new Set(disks.map((disk) => disk.storage))].join(', ') || (main ?? null);
  return {
    vm,
    facts: {
      vmid,
      name: input.name,
      node,
      storage: storages,
      ...(reason === null ? {} : { storage_chosen: reason }),
      ...(unpacked === undefined ? {} : { unpacked_on: unpacked }),
    },
  };
}

/** Proxmox makes such a VM and then does not start it. @see qemu-server PVE/QemuServer.pm, config_to_command */
async function assertCpusSuffice(pve: ProxmoxReader, node: string, { cpus, sockets }: NewVmInput): Promise<void> {
  const has = (await pve.nodes()).find((row) => row.node === node)?.cpus ?? null;
  if (has === null || cpus * sockets <= has) return;
  throw new OperationError('conflict', `Node ${node} has ${has} CPUs, so it does not start a VM with ${cpus * sockets}.`, {
    hint: 'Ask for fewer, or leave start out to make the VM all the same.',
    details: { field: 'cpus', node },
  });
}

function wantsCloudInit({ ciuser, cipassword, sshkeys, ipconfig, nameserver, searchdomain }: NewVmInput): boolean {
  return [ciuser, cipassword, sshkeys, ipconfig, nameserver, searchdomain].some((value) => value !== undefined);
}

function cloudInitOf({ ciuser, cipassword, sshkeys, ipconfig = [], nameserver, searchdomain }: NewVmInput, storage: string): NewCloudInit {
  return { storage, user: ciuser, password: cipassword, sshkeys, ipconfig, nameserver, searchdomain };
}
