import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { unchanged, send } from '../../domain/plan.ts';
import { defineTask } from '../define.ts';
import { guestInput } from '../inputs.ts';
import { haltedState } from './halted-vm.ts';

export const shutdownVm = defineTask({
  name: 'shutdown_vm',
  title: 'Shut down VM',
  description: 'Ask the guest system of a VM to power off cleanly.',
  input: guestInput.extend({
    timeout_seconds: z.int().min(1).max(3600).optional().describe('How long to wait for the guest.'),
    force_stop: z.boolean().default(false).describe('Pull the plug at timeout.'),
  }),
  risk: 'disrupt',
  repeat: 'convergent',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.PowerMgmt'] },
  summary: ({ vmid }) => `Shut down VM ${vmid}`,
  async run({ input, pve }) {
    const vm = await pve.vm(input);
    if (vm.status === 'stopped') return unchanged(`VM ${vm.vmid} is already stopped.`);
    const halted = haltedState(vm.facts);
    if (halted !== null && !input.force_stop) {
      throw new OperationError('conflict', `VM ${vm.vmid} is ${halted}, so its system cannot shut down.`, {
        hint: 'A person resumes it in Proxmox VE first. Or pull the plug: stop_vm, or force_stop=true.',
        details: { vmid: vm.vmid, state: halted },
      });
    }
    return send(vm.shutdown({ timeout: input.timeout_seconds, forceStop: input.force_stop || undefined }));
  },
  /** A guest that was asked may still obey. */
  async verify({ input, pve }) {
    return (await pve.vm(input)).status === 'stopped' ? 'achieved' : 'unclear';
  },
});
