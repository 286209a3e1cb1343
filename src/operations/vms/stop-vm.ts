import { unchanged, send } from '../../domain/plan.ts';
import { defineTask } from '../define.ts';
import { guestInput } from '../inputs.ts';

export const stopVm = defineTask({
  name: 'stop_vm',
  title: 'Stop VM (pull the plug)',
  description: 'Power off a VM hard, at once, like pulling the plug; unsaved data is lost. Prefer shutdown_vm.',
  input: guestInput,
  risk: 'disrupt',
  repeat: 'convergent',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.PowerMgmt'] },
  summary: ({ vmid }) => `Stop VM ${vmid}`,
  async run({ input, pve }) {
    const vm = await pve.vm(input);
    if (vm.status === 'stopped') return unchanged(`VM ${vm.vmid} is already stopped.`);
    return send(vm.stop());
  },
});
