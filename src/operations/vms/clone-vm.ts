import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send, unchanged } from '../../domain/plan.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { readVmConfig, type VmConfig } from '../../proxmox/vm-config.ts';
import { chooseNode } from '../choose-node.ts';
import { defineTask } from '../define.ts';
import { node, pool, snapname, storage, vmid } from '../inputs.ts';
import { withJobMarker, withoutJobMarker } from '../job-marker.ts';
import { ownVm } from './own-vm.ts';
import { vmName } from './vm-name.ts';

const input = z.object({
  source_vmid: vmid.describe('VM or template to copy.'),
  target_vmid: vmid.optional().describe('A free id when left out.'),
  node: node.optional().describe('Node of the source; found when left out.'),
  name: vmName.optional().describe('Name of the copy.'),
  target_node: node.optional().describe('Needs shared storage.'),
  full: z.boolean().default(true).describe('false: linked.'),
  storage: storage.optional().describe("Storage of a full copy; the source's when left out."),
  format: z.enum(['raw', 'qcow2', 'vmdk']).optional().describe('Of a full copy.'),
  pool: pool.optional(),
  snapname: snapname.optional().describe('Copy this snapshot.'),
  description: z.string().max(8000).optional().describe("Notes of the copy; the source's when left out."),
});
type CloneInput = z.output<typeof input>;

export const cloneVm = defineTask({
  name: 'clone_vm',
  title: 'Clone VM',
  description: 'Copy a VM or template to a new VM, fully or linked.',
  input,
  risk: 'change',
  repeat: 'create-once',
  permissions: {
    '/vms/{source_vmid}': ['VM.Audit', 'VM.Clone'],
    '/vms/{target_vmid}': ['VM.Allocate'],
    '/storage/{storage}': ['Datastore.AllocateSpace'],
    '/sdn/zones/localnetwork': ['SDN.Use'],
  },
  summary: ({ source_vmid, target_vmid, name }) =>
    `Clone VM ${source_vmid}${target_vmid === undefined ? '' : ` to ${target_vmid}`}${name === undefined ? '' : ` (${name})`}`,
  /** The id is settled before the job is recorded, so that the job holds it and finds its VM again. */
  async each({ input: given, pve, taken }) {
    return [{ ...given, target_vmid: given.target_vmid ?? (await pve.freeVmid(taken)) }];
  },
  async run({ input: given, pve, jobId }) {
    const { full, name, format, pool: poolid, snapname: snapshot } = given;
    const source = await pve.vm({ vmid: given.source_vmid, node: given.node });
    const newid = given.target_vmid ?? (await pve.freeVmid());
    const target = given.target_node ?? source.node;
    const config = readVmConfig(await pve.guestConfig({ type: 'qemu', node: source.node, vmid: source.vmid }));
    const facts = {
      vmid: newid,
      name: name ?? null,
      node: target,
      source: { vmid: source.vmid, name: config.name, node: source.node, status: source.status },
    };

    if (!(await pve.isVmidFree(newid))) {
      await ownVm(pve, { vmid: newid, node: target, jobId, field: 'target_vmid' });
      return unchanged(`VM ${newid} is the copy that this job made.`, facts);
    }
    await assertCloneable(pve, given, source, config);
    const description = withJobMarker(given.description ?? withoutJobMarker(config.description), jobId);
    const request = source.clone({
      newid,
      full,
      name,
      format,
      pool: poolid,
      snapname: snapshot,
      storage: given.storage,
      description: description === '' ? undefined : description,
      target: target === source.node ? undefined : target,
    });
    const disks = config.drives
      .filter((drive) => !drive.isCdrom)
      .map(({ key, volid, sizeBytes }) => ({ disk: key, volid, size_bytes: sizeBytes }));
    return send(request, { ...facts, full, disks, storage: given.storage ?? 'as the source' });
  },
});

/** @throws OperationError for whatever Proxmox would refuse */
async function assertCloneable(
  pve: ProxmoxReader,
  given: CloneInput,
  source: { readonly vmid: number; readonly node: string; readonly facts: { readonly lock: string | null } },
  config: VmConfig,
): Promise<void> {
  const conflict = (message: string, hint: string, field: string): OperationError =>
    new OperationError('conflict', message, { hint, details: { field } });
  const { full, storage: wanted, target_node: target } = given;
  if (source.facts.lock !== null)
    throw conflict(`VM ${source.vmid} is locked (${source.facts.lock}).`, 'Wait for the operation that holds the lock.', 'source_vmid');
  if (!full && (wanted !== undefined || given.format !== undefined)) {
    const field = wanted === undefined ? 'format' : 'storage';
    throw new OperationError('invalid_input', `A linked clone has the ${field} of its template.`, {
      hint: `Leave ${field} out or use full=true.`,
      details: { field },
    });
  }
  if (!full && !config.template && given.snapname === undefined) {
    throw conflict(`VM ${source.vmid} is no template, so it has no linked clones.`, 'Use full=true.', 'full');
  }
  if (given.snapname !== undefined) {
    const { snapshots } = await pve.snapshots({ type: 'qemu', node: source.node, vmid: source.vmid });
    if (!snapshots.some((snapshot) => snapshot.name === given.snapname)) {
      throw new OperationError('not_found', `VM ${source.vmid} has no snapshot ${given.snapname}.`, {
        hint: `It has ${snapshots.map((snapshot) => snapshot.name).join(', ') || 'none'}.`,
        details: { field: 'snapname' },
      });
    }
  }
  if (wanted !== undefined) {
    const chosen = await pve.chooseStorage({ node: source.node, content: 'images', storage: wanted });
    if (target !== undefined && target !== source.node && !chosen.shared) {
      throw conflict(
        `Storage ${wanted} is not shared, so node ${target} could not use the copy.`,
        'Name a shared storage, or clone on the same node and migrate.',
        'storage',
      );
    }
  }
  if (target === undefined || target === source.node) return;
  await chooseNode(pve, target);
  const shared = new Set((await pve.storages()).filter((row) => row.shared).map((row) => row.storage));
  const local = config.drives.find((drive) => !drive.isCdrom && drive.storage !== null && !shared.has(drive.storage));
  if (local !== undefined) {
    throw conflict(
      `${local.key} of VM ${source.vmid} lies on local storage ${local.storage}, so Proxmox VE cannot clone it to node ${target}.`,
      'Clone it on its own node, then migrate the copy.',
      'target_node',
    );
  }
}
