import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send, sendThenContinue } from '../../domain/plan.ts';
import { readVmConfig } from '../../proxmox/vm-config.ts';
import { defineTask } from '../define.ts';
import { guestDisks } from '../guest-disks.ts';
import { assertUnlocked } from '../guest-lock.ts';
import { guestInput } from '../inputs.ts';
import { lastBackup } from '../last-backup.ts';
import { assertNoLinkedClones } from '../linked-clones.ts';

export const deleteVm = defineTask({
  name: 'delete_vm',
  title: 'Delete VM',
  description: 'Delete a VM with its disks and snapshots for good. Its backups stay.',
  input: guestInput.extend({
    force: z.boolean().default(false).describe('Stop it first when it runs.'),
    purge: z.boolean().default(false).describe('Also from backup jobs and HA.'),
    destroy_unreferenced_disks: z.boolean().default(false).describe('Also disks that its config does not name.'),
  }),
  risk: 'destroy',
  takesToken: true,
  repeat: 'destructive',
  loses: 'The VM with all its disks and snapshots.',
  permissions: { '/vms/{vmid}': ['VM.Allocate', 'VM.Audit', 'VM.PowerMgmt'] },
  summary: ({ vmid, force }) => `${force ? 'Stop and delete' : 'Delete'} VM ${vmid}`,
  async run({ input, pve, planned }) {
    const vm = await pve.vm(input);
    const { vmid, node } = vm;
    const raw = await pve.guestConfig({ type: 'qemu', node, vmid });
    const config = readVmConfig(raw);
    const conflict = (message: string, hint: string): OperationError =>
      new OperationError('conflict', message, { hint, details: { vmid, node } });
    if (planned !== null && planned['vmgenid'] !== config.vmgenid) {
      throw conflict(`VM ${vmid} is another VM than when this was asked for.`, 'Look at it (get_vms), then ask again if it is to go.');
    }
    if (config.protection)
      throw conflict(`VM ${vmid} is protected in Proxmox VE.`, 'A person has to take its protection off in Proxmox VE first.');
    assertUnlocked(vm.facts);
    if (vm.facts.haManaged && !input.purge) {
      throw conflict(`VM ${vmid} is managed by HA.`, 'Use purge=true to take it out of HA as well.');
    }
    if (vm.status === 'running' && !input.force)
      throw conflict(`VM ${vmid} is running.`, 'Stop it first, or use force=true to pull the plug and delete it.');
    const owned = guestDisks('qemu', raw);
    if (config.template) await assertNoLinkedClones(pve, vm.facts, owned);
    const disks = owned.map(({ disk, volume, sizeBytes }) => ({ disk, volid: volume, size_bytes: sizeBytes }));
    const backup = planned === null ? { last_backup: await lastBackup(pve, vmid) } : {};
    const facts = { vmid, name: config.name, node, status: vm.status, vmgenid: config.vmgenid, disks, ...backup };
    if (vm.status === 'running') return sendThenContinue({ ...vm.stop(), repeat: 'convergent' }, facts);
    return send(
      vm.destroy({ purge: input.purge || undefined, destroyUnreferencedDisks: input.destroy_unreferenced_disks || undefined }),
      facts,
    );
  },
  async verify({ input, pve }) {
    if (await pve.isVmidFree(input.vmid)) return 'achieved';
    const { lock } = (await pve.vm(input)).facts;
    return lock === null ? 'absent' : 'unclear';
  },
});
