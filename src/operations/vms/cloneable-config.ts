import { OperationError } from '../../domain/operation-error.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { readVmConfig, type VmConfig } from '../../proxmox/vm-config.ts';
import type { Vm } from '../../proxmox/vm.ts';
import { chooseNode } from '../choose-node.ts';
import { assertUnlocked } from '../guest-lock.ts';

/** What is wanted of a clone, as far as Proxmox may refuse it. */
interface Wish {
  readonly full: boolean;
  readonly storage?: string | undefined;
  readonly format?: string | undefined;
  readonly snapname?: string | undefined;
  readonly target_node?: string | undefined;
}

const conflict = (message: string, hint: string, field: string): OperationError =>
  new OperationError('conflict', message, { hint, details: { field } });

/**
 * The configuration that a clone copies: the one of now, or the one of the wanted snapshot.
 * @throws OperationError for whatever Proxmox would refuse
 */
export async function cloneableConfig(pve: ProxmoxReader, wish: Wish, source: Vm, now: VmConfig): Promise<VmConfig> {
  const { full, storage } = wish;
  assertUnlocked(source.facts, 'source_vmid');
  if (!full && (storage !== undefined || wish.format !== undefined)) {
    const field = storage === undefined ? 'format' : 'storage';
    throw new OperationError('invalid_input', `A linked clone has the ${field} of its template.`, {
      hint: `Leave ${field} out or use full=true.`,
      details: { field },
    });
  }
  if (!full && !now.template && wish.snapname === undefined)
    throw conflict(`VM ${source.vmid} is no template, so it has no linked clones.`, 'Use full=true.', 'full');
  const copied = wish.snapname === undefined ? now : await configOfSnapshot(pve, source, wish.snapname);
  assertCopyable(source, wish, copied);
  const target = wish.target_node === source.node ? undefined : wish.target_node;
  if (storage !== undefined) {
    const chosen = await pve.chooseStorage({ node: source.node, content: 'images', storage });
    if (target !== undefined && !chosen.shared) {
      throw conflict(
        `Storage ${storage} is not shared, so node ${target} could not use the copy.`,
        'Name a shared storage, or clone on the same node and migrate.',
        'storage',
      );
    }
  }
  if (target !== undefined) await assertReachableFrom(pve, target, source.vmid, copied);
  return copied;
}

/** @see qemu-server PVE/API2/Qemu.pm, clone_vm */
function assertCopyable({ vmid, status }: Vm, { full, snapname }: Wish, { drives }: VmConfig): void {
  const device = drives.find(({ isCdrom, storage }) => !isCdrom && storage === null);
  if (device !== undefined) {
    throw conflict(
      `${device.key} of VM ${vmid} is ${device.volid}, which lies on no storage and cannot be copied.`,
      'Take it out of the VM in Proxmox VE first, or copy what is on it by other means.',
      'source_vmid',
    );
  }
  if (full && snapname === undefined && status === 'running' && drives.some(({ key }) => key === 'tpmstate0')) {
    throw conflict(
      `VM ${vmid} runs and has a TPM, whose state cannot be copied meanwhile.`,
      'Shut it down first (shutdown_vm), or clone a snapshot of it (snapname).',
      'source_vmid',
    );
  }
}

async function configOfSnapshot(pve: ProxmoxReader, { node, vmid }: Vm, snapname: string): Promise<VmConfig> {
  const place = { type: 'qemu', node, vmid } as const;
  const { snapshots } = await pve.snapshots(place);
  if (snapshots.some(({ name }) => name === snapname)) return readVmConfig(await pve.guestConfig(place, snapname));
  throw new OperationError('not_found', `VM ${vmid} has no snapshot ${snapname}.`, {
    hint: `It has ${snapshots.map(({ name }) => name).join(', ') || 'none'}.`,
    details: { field: 'snapname' },
  });
}

/** Proxmox clones to another node only what lies on shared storage altogether, images in CD-ROM drives included. */
async function assertReachableFrom(pve: ProxmoxReader, target: string, vmid: number, { drives }: VmConfig): Promise<void> {
  await chooseNode(pve, target, 'target_node');
  const shared = new Set((await pve.storages()).filter((row) => row.shared).map((row) => row.storage));
  const local = drives.find((drive) => drive.storage !== null && !shared.has(drive.storage));
  if (local === undefined) return;
  throw conflict(
    `${local.key} of VM ${vmid} lies on local storage ${local.storage}, so Proxmox VE cannot clone it to node ${target}.`,
    local.isCdrom
      ? 'Take the image out of the CD-ROM drive first, or clone the VM on its own node and migrate the copy.'
      : 'Clone it on its own node, then migrate the copy.',
    'target_node',
  );
}
