import { OperationError } from '../../domain/operation-error.ts';
import { unchanged, send } from '../../domain/plan.ts';
import { defineTask } from '../define.ts';
import { guestInput } from '../inputs.ts';

export const startVm = defineTask({
  name: 'start_vm',
  title: 'Start VM',
  description: 'Start (boot, power on) a stopped VM.',
  input: guestInput,
  risk: 'change',
  repeat: 'convergent',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.PowerMgmt'] },
  summary: ({ vmid }) => `Start VM ${vmid}`,
  async run({ input, pve }) {
    const vm = await pve.vm(input);
    if (vm.status === 'running') return unchanged(`VM ${vm.vmid} is already running.`);
    if (vm.facts.template) {
      throw new OperationError('conflict', `VM ${vm.vmid} is a template, which never runs.`, {
        hint: 'Make a VM of it with clone_vm.',
        details: { vmid: vm.vmid },
      });
    }
    return send(vm.start());
  },
});
