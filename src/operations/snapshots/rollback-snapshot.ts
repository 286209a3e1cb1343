import { z } from 'zod';
import { guestLabel } from '../../domain/guest.ts';
import { OperationError } from '../../domain/operation-error.ts';
import { send } from '../../domain/plan.ts';
import { readFlag, readList } from '../../proxmox/lenient.ts';
import { rollbackSnapshotOf } from '../../proxmox/snapshots.ts';
import { defineTask } from '../define.ts';
import { snapname } from '../inputs.ts';
import { isoTime } from '../times.ts';
import { changedOptions } from './changed-options.ts';
import { assertNewestOnZfs } from './snapshot-blockers.ts';
import { assertSnapshotsCanChange, snapshotGuest, snapshotGuestInput, snapshotNamed } from './snapshot-guest.ts';
import { descendantsOf } from './snapshot-tree.ts';

export const rollbackSnapshot = defineTask({
  name: 'rollback_snapshot',
  title: 'Roll back to snapshot',
  description: 'Roll a VM or container back to a snapshot: all since then is lost; a running guest is stopped.',
  input: snapshotGuestInput.extend({
    snapname,
    start: z.boolean().default(false).describe('Start it after.'),
  }),
  risk: 'destroy',
  takesToken: true,
  repeat: 'non-repeatable',
  destroys: 'part',
  loses: 'Everything that was written since the snapshot.',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.Snapshot.Rollback'] },
  summary: (input) => `Roll guest ${input.vmid} back to snapshot ${input.snapname}`,
  async run({ input, pve, planned }) {
    const guest = await snapshotGuest(pve, input);
    const list = await pve.snapshots(guest);
    const snapshot = snapshotNamed(guest, list, input.snapname);
    if (snapshot.snapstate !== null) {
      throw new OperationError(
        'conflict',
        `The snapshot ${snapshot.name} of ${guestLabel(guest.type, guest.vmid)} is unfinished (${snapshot.snapstate}).`,
        {
          hint: 'It cannot be rolled back to; delete it with force=true.',
        },
      );
    }
    assertSnapshotsCanChange(guest);
    const since = isoTime(snapshot.takenAt);
    if (planned !== null && planned['discards_changes_since'] !== since) {
      throw new OperationError('conflict', `The snapshot ${snapshot.name} is not the one that this job was made for: it was taken anew.`, {
        hint: 'Look at the snapshots, then make the call again.',
        details: { field: 'snapname' },
      });
    }
    const [now, then] = await Promise.all([pve.guestConfig(guest), pve.guestConfig(guest, snapshot.name)]);
    await assertNewestOnZfs(pve, guest, list, { snapshot, config: then });
    const result = {
      vm_type: guest.type,
      guest: guest.name,
      snapname: snapshot.name,
      discards_changes_since: since,
      stops_running_guest: guest.status === 'running',
      resumes_saved_ram: snapshot.vmstate,
      resets_options: changedOptions(now, then),
      // They stay as other branches of the tree.
      later_snapshots: descendantsOf(list.snapshots, snapshot.name),
    };
    const leaves = { protection: readFlag(then.options['protection']), tags: readList(then.options['tags']) };
    return send(rollbackSnapshotOf(guest, snapshot.name, input.start), result, { leaves });
  },
  async verify({ input, pve }) {
    const guest = await snapshotGuest(pve, input);
    // Standing on the snapshot is also true of a guest that was never rolled back.
    return guest.lock === 'rollback' || (await pve.snapshots(guest)).current === input.snapname ? 'unclear' : 'absent';
  },
});
