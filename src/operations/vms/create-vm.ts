import { send, sendThenContinue, unchanged, type Plan } from '../../domain/plan.ts';
import { createVmOn, diskKeys } from '../../proxmox/new-vm.ts';
import type { ProxmoxPlanner } from '../../proxmox/planner.ts';
import { chooseNode } from '../choose-node.ts';
import { defineTask } from '../define.ts';
import { wantedDisks } from './new-vm-disks.ts';
import { newVmInput, type NewVmInput } from './new-vm-input.ts';
import { planNewVm } from './new-vm-plan.ts';
import { ownVm } from './own-vm.ts';

const GIB = 2 ** 30;

export const createVm = defineTask({
  name: 'create_vm',
  title: 'Create VM',
  description: 'Create a new VM (virtual machine): empty, from an ISO image, or from a cloud image with cloud-init.',
  input: newVmInput,
  risk: 'change',
  repeat: 'create-once',
  secrets: ['cipassword'],
  permissions: {
    '/vms/{vmid}': [
      'VM.Allocate',
      'VM.Audit',
      'VM.Config.CDROM',
      'VM.Config.CPU',
      'VM.Config.Disk',
      'VM.Config.HWType',
      'VM.Config.Memory',
      'VM.Config.Network',
      'VM.Config.Options',
      'VM.PowerMgmt',
    ],
    '/storage/{storage}': ['Datastore.AllocateSpace', 'Datastore.Audit'],
    '/sdn/zones/localnetwork/{network_bridge}': ['SDN.Use'],
  },
  summary: ({ vmid, name }) => `Create VM ${vmid === undefined ? name : `${vmid} (${name})`}`,
  /** The id is settled before the job is recorded, so that the job holds it and finds its VM again. */
  async each({ input, pve, taken }) {
    return [{ ...input, node: await chooseNode(pve, input.node), vmid: input.vmid ?? (await pve.freeVmid(taken)) }];
  },
  async run({ input, pve, jobId, planned }) {
    const node = await chooseNode(pve, input.node);
    const vmid = input.vmid ?? (await pve.freeVmid());
    if (!(await pve.isVmidFree(vmid))) return continueWith(pve, input, { vmid, node, jobId, isUnderWay: planned !== null });
    const { vm, facts } = await planNewVm(pve, input, { node, vmid, jobId });
    const request = createVmOn(vm);
    const hasMore = input.start || wantedDisks(input).some((disk) => disk.importFrom !== undefined && disk.sizeGib !== undefined);
    return hasMore ? sendThenContinue(request, facts) : send(request, facts);
  },
});

/** What is left to do once the VM of this job exists: grow imported disks, then start. */
async function continueWith(
  pve: ProxmoxPlanner,
  input: NewVmInput,
  own: { readonly vmid: number; readonly node: string; readonly jobId: string; readonly isUnderWay: boolean },
): Promise<Plan> {
  const { vm, config } = await ownVm(pve, { ...own, field: 'vmid' });
  const { vmid, node } = vm;
  const wanted = wantedDisks(input);
  const keys = diskKeys(wanted);
  for (const [index, { importFrom, sizeGib }] of wanted.entries()) {
    const drive = config.drives.find(({ key }) => key === keys[index]);
    if (importFrom === undefined || sizeGib === undefined || drive?.sizeBytes === undefined || drive.sizeBytes === null) continue;
    if (drive.sizeBytes < sizeGib * GIB) return sendThenContinue(vm.growDisk(drive.key, sizeGib));
  }
  if (input.start && vm.status === 'stopped') return send({ ...vm.start(), repeat: 'convergent' });
  return unchanged(`VM ${vmid} exists as this job wants it.`, { vmid, name: config.name, node });
}
