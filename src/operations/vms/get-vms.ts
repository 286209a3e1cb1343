import { defineQuery } from '../define.ts';
import { guestFilters, guestPage, pageOfGuests, textOfGuests, withReason } from '../guest-list.ts';

export const getVms = defineQuery({
  name: 'get_vms',
  title: 'List VMs',
  description: 'List VMs (virtual machines) with state, node, CPU, memory, disk, uptime and tags.',
  input: guestFilters,
  output: guestPage,
  permissions: { '/vms': ['VM.Audit'] },
  text: (page) => textOfGuests(page, 'VM'),
  async run({ input, pve }) {
    const guests = await pve.guests();
    const page = pageOfGuests(
      guests.filter((guest) => guest.type === 'qemu'),
      input,
    );
    return withReason(page, guests, pve);
  },
});
