import { OperationError } from '../../domain/operation-error.ts';
import { send } from '../../domain/plan.ts';
import { defineTask } from '../define.ts';
import { guestInput } from '../inputs.ts';

export const resetVm = defineTask({
  name: 'reset_vm',
  title: 'Reset VM (hard reboot)',
  description: 'Press the reset button of a running VM; unsaved data is lost.',
  input: guestInput,
  risk: 'disrupt',
  repeat: 'non-repeatable',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.PowerMgmt'] },
  summary: ({ vmid }) => `Reset VM ${vmid}`,
  async run({ input, pve }) {
    const vm = await pve.vm(input);
    if (vm.status === 'stopped') {
      throw new OperationError('conflict', `VM ${vm.vmid} is stopped, so there is nothing to reset.`, { hint: 'Use start_vm.' });
    }
    return send(vm.reset());
  },
});
