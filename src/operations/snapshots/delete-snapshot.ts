import { z } from 'zod';
import { send } from '../../domain/plan.ts';
import { deleteSnapshotOf } from '../../proxmox/snapshots.ts';
import { defineTask } from '../define.ts';
import { snapname } from '../inputs.ts';
import { isoTime } from '../times.ts';
import { assertSnapshotsCanChange, snapshotGuest, snapshotGuestInput, snapshotNamed } from './snapshot-guest.ts';

export const deleteSnapshot = defineTask({
  name: 'delete_snapshot',
  title: 'Delete snapshot',
  description: 'Delete a snapshot of a VM or container for good. The guest stays as it is.',
  input: snapshotGuestInput.extend({
    snapname,
    force: z.boolean().default(false).describe('Only for broken ones.'),
  }),
  risk: 'destroy',
  takesToken: true,
  repeat: 'destructive',
  destroys: 'part',
  loses: 'The way back to the state of this snapshot.',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.Snapshot'] },
  summary: (input) => `Delete snapshot ${input.snapname} of guest ${input.vmid}`,
  async run({ input, pve }) {
    const guest = await snapshotGuest(pve, input);
    const list = await pve.snapshots(guest);
    const snapshot = snapshotNamed(guest, list, input.snapname);
    assertSnapshotsCanChange(guest);
    return send(deleteSnapshotOf(guest, snapshot.name, input.force), {
      vm_type: guest.type,
      guest: guest.name,
      snapname: snapshot.name,
      snapshot_created_at: isoTime(snapshot.takenAt),
      with_ram: snapshot.vmstate,
    });
  },
  async verify({ input, pve }) {
    const guest = await snapshotGuest(pve, input);
    const found = (await pve.snapshots(guest)).snapshots.find(({ name }) => name === input.snapname);
    if (!found) return 'achieved';
    return found.snapstate === null && guest.lock === null ? 'absent' : 'unclear';
  },
});
