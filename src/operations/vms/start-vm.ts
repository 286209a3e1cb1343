import { unchanged, send } from '../../domain/plan.ts';
import { defineTask } from '../define.ts';
import { guestInput } from '../inputs.ts';

export const startVm = defineTask({
  name: 'start_vm',
  title: 'Start VM',
  description: 'Boot a stopped QEMU virtual machine.',
  input: guestInput,
  risk: 'change',
  repeat: 'convergent',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.PowerMgmt'] },
  summary: ({ vmid }) => `Start VM ${vmid}`,
  async run({ input, pve }) {
    const vm = await pve.vm(input);
    if (vm.status === 'running') return unchanged(`VM ${vm.vmid} is already running.`);
    return send(vm.start());
  },
});
