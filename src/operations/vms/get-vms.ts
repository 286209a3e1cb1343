import { defineQuery } from '../define.ts';
import { textOfGuests } from '../guest-lines.ts';
import { guestFilters, pageOfGuests, withReason } from '../guest-list.ts';
import { guestPage } from '../guest-page.ts';

export const getVms = defineQuery({
  name: 'get_vms',
  title: 'List VMs',
  description: 'List VMs (virtual machines) with state, node, CPU, memory, disk, uptime and tags.',
  input: guestFilters,
  output: guestPage,
  permissions: { '/vms': ['VM.Audit'] },
  text: (page) => textOfGuests(page, 'VM'),
  async run({ input, pve }) {
    const list = await pve.guestList();
    return withReason(pageOfGuests('qemu', list, input), list, pve);
  },
});
