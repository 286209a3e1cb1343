import { OperationError } from '../../domain/operation-error.ts';
import type { ProxmoxPlanner } from '../../proxmox/planner.ts';
import { readVmConfig, type VmConfig } from '../../proxmox/vm-config.ts';
import type { Vm } from '../../proxmox/vm.ts';
import { hasJobMarker } from '../job-marker.ts';

interface Place {
  readonly vmid: number;
  readonly node: string;
  readonly jobId: string;
  /** The input field that named the id. */
  readonly field: string;
}

/**
 * The VM that this job made under an id that is in use.
 * @throws OperationError `conflict` when the id belongs to any other guest, or the VM is still in the making
 */
export async function ownVm(
  pve: ProxmoxPlanner,
  { vmid, node, jobId, field }: Place,
): Promise<{ readonly vm: Vm; readonly config: VmConfig }> {
  const taken = new OperationError('conflict', `The id ${vmid} is already used by a guest.`, {
    hint: `Choose another ${field}, or leave it out to get a free one.`,
    details: { field, vmid },
  });
  const vm = await pve.vm({ vmid, node }).catch((error: unknown) => {
    // A container, or on another node: not ours.
    throw error instanceof OperationError && error.code === 'not_found' ? taken : error;
  });
  const config = readVmConfig(await pve.guestConfig({ type: 'qemu', node, vmid }));
  if (!hasJobMarker(config.description, jobId)) throw taken;
  if (vm.facts.lock === null) return { vm, config };
  throw new OperationError('conflict', `VM ${vmid} exists and is locked (${vm.facts.lock}).`, {
    hint: 'Look at its tasks; a creation that died leaves the lock create behind.',
    details: { vmid, node },
  });
}
