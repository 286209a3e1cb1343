import { OperationError } from '../../domain/operation-error.ts';
import type { ProxmoxPlanner } from '../../proxmox/planner.ts';
import { readVmConfig, type VmConfig } from '../../proxmox/vm-config.ts';
import type { Vm } from '../../proxmox/vm.ts';
import { hasJobMarker } from '../job-marker.ts';

interface Claim {
  readonly vmid: number;
  /** Where it is to be in the end. */
  readonly node: string;
  readonly jobId: string;
  /** True once this job has sent something: what is in the making under its id is then its own. */
  readonly isUnderWay: boolean;
  /** The input field that named the id. */
  readonly field: string;
}

/**
 * The VM that this job made under an id that is in use.
 * @throws OperationError `conflict` when the id belongs to any other guest, or the VM is still in the making
 */
export async function ownVm(
  pve: ProxmoxPlanner,
  { vmid, node: wantedNode, jobId, isUnderWay, field }: Claim,
): Promise<{ readonly vm: Vm; readonly config: VmConfig }> {
  const taken = new OperationError('conflict', `The id ${vmid} is already used by a guest.`, {
    hint: `Choose another ${field}, or leave it out to get a free one.`,
    details: { field, vmid },
  });
  const isNotFound = (error: unknown): boolean => error instanceof OperationError && error.code === 'not_found';
  const vm = await pve
    .vm({ vmid, node: wantedNode })
    // A clone to another node lies on the node of its source until it is whole.
    .catch((error: unknown) => (isNotFound(error) ? pve.vm({ vmid }) : Promise.reject(error)))
    // A container, or nothing that the token may see: not ours.
    .catch((error: unknown) => Promise.reject(isNotFound(error) ? taken : error));
  const { node, facts } = vm;
  const config = readVmConfig(await pve.guestConfig({ type: 'qemu', node, vmid }));
  // Proxmox writes the notes of a new VM last; until then the lock is all that tells what is going on.
  const isInTheMaking = isUnderWay && (facts.lock === 'clone' || facts.lock === 'create');
  if (!isInTheMaking && !hasJobMarker(config.description, jobId)) throw taken;
  if (facts.lock === null) return { vm, config };
  throw new OperationError('conflict', `VM ${vmid} of this job is still locked (${facts.lock}).`, {
    hint: 'Wait for its task; a creation that died leaves the lock behind.',
    details: { vmid, node, lock: facts.lock },
  });
}
