import { defineQuery } from '../define.ts';
import { guestFilters, guestPage, pageOfGuests, textOfGuests } from '../guest-list.ts';

export const getVms = defineQuery({
  name: 'get_vms',
  title: 'List VMs',
  description: 'List virtual machines with state, node, CPU, memory, disk size, uptime and tags. Filter and page long lists.',
  input: guestFilters,
  output: guestPage,
  permissions: { '/vms': ['VM.Audit'] },
  text: (page) => textOfGuests(page, 'VM'),
  async run({ input, pve }) {
    const guests = await pve.guests();
    return pageOfGuests(
      guests.filter((guest) => guest.type === 'qemu'),
      input,
    );
  },
});
