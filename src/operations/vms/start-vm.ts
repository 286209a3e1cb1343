import { OperationError } from '../../domain/operation-error.ts';
import { unchanged, send } from '../../domain/plan.ts';
import { defineTask } from '../define.ts';
import { assertUnlocked } from '../guest-lock.ts';
import { guestInput } from '../inputs.ts';
import { haltedState } from './halted-vm.ts';

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
    const halted = haltedState(vm.facts);
    if (halted !== null) {
      assertUnlocked(vm.facts);
      throw new OperationError('conflict', `VM ${vm.vmid} is on, but ${halted}; starting does not change that.`, {
        hint: 'A person resumes it in Proxmox VE. Or power-cycle it: stop_vm, then start_vm; unsaved data is lost.',
        details: { vmid: vm.vmid, state: halted },
      });
    }
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
