import { z } from 'zod';
import { send, unchanged } from '../../domain/plan.ts';
import { readVmConfig } from '../../proxmox/vm-config.ts';
import { defineTask } from '../define.ts';
import { node, pool, snapname, storage, vmid } from '../inputs.ts';
import { withJobMarker, withoutJobMarker } from '../job-marker.ts';
import { cloneableConfig } from './cloneable-config.ts';
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
  async run({ input: given, pve, jobId, planned }) {
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
      await ownVm(pve, { vmid: newid, node: target, jobId, isUnderWay: planned !== null, field: 'target_vmid' });
      return unchanged(`VM ${newid} is the copy that this job made.`, facts);
    }
    const copied = await cloneableConfig(pve, given, source, config);
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
    const disks = copied.drives
      .filter((drive) => !drive.isCdrom)
      .map(({ key, volid, sizeBytes }) => ({ disk: key, volid, size_bytes: sizeBytes }));
    return send(request, { ...facts, full, disks, storage: given.storage ?? 'as the source' });
  },
});
