import { z } from 'zod';
import { guestLabel } from '../../domain/guest.ts';
import { OperationError } from '../../domain/operation-error.ts';
import { send, unchanged } from '../../domain/plan.ts';
import { createSnapshotOf } from '../../proxmox/snapshots.ts';
import { defineTask } from '../define.ts';
import { snapname } from '../inputs.ts';
import { hasJobMarker, withJobMarker } from '../job-marker.ts';
import { assertRamCanBeSaved, withoutSnapshots } from './snapshot-blockers.ts';
import { assertSnapshotsCanChange, snapshotGuest, snapshotGuestInput } from './snapshot-guest.ts';

/** Names that Proxmox keeps for itself. */
const RESERVED = new Set(['current', 'pending', 'vzdump']);

export const createSnapshot = defineTask({
  name: 'create_snapshot',
  title: 'Create snapshot',
  description: 'Take a snapshot of a VM or container, to go back to later.',
  input: snapshotGuestInput.extend({
    snapname: snapname.describe('Letters, digits, _ and -.'),
    description: z.string().max(4000).optional().describe('Why it was taken.'),
    vmstate: z.boolean().default(false).describe('With RAM (running VMs).'),
  }),
  risk: 'change',
  repeat: 'create-once',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.Snapshot'] },
  summary: (input) => `Create snapshot ${input.snapname} of guest ${input.vmid}`,
  async run({ input, pve, jobId }) {
    const guest = await snapshotGuest(pve, input);
    const label = guestLabel(guest.type, guest.vmid);
    if (RESERVED.has(input.snapname.toLowerCase())) {
      throw new OperationError('invalid_input', `Proxmox VE keeps the snapshot name ${input.snapname} for itself.`, {
        hint: 'Choose another name.',
        details: { field: 'snapname' },
      });
    }
    if (input.vmstate && guest.type === 'lxc') {
      throw new OperationError('invalid_input', `${label} is a container, whose RAM cannot be saved.`, {
        hint: 'Repeat without vmstate.',
        details: { field: 'vmstate' },
      });
    }
    const existing = (await pve.snapshots(guest)).snapshots.find(({ name }) => name === input.snapname);
    if (existing && hasJobMarker(existing.description, jobId)) return unchanged(`${label} has the snapshot ${input.snapname} of this job.`);
    if (existing) {
      throw new OperationError('conflict', `${label} already has a snapshot ${input.snapname}.`, {
        hint: 'Choose another name, or delete that one first.',
        details: { field: 'snapname' },
      });
    }
    assertSnapshotsCanChange(guest);
    if (!(await pve.canSnapshot(guest))) throw withoutSnapshots(guest, await pve.guestConfig(guest));
    const vmstate = input.vmstate && guest.status === 'running';
    if (vmstate) assertRamCanBeSaved(guest, await pve.guestConfig(guest));
    const mutation = createSnapshotOf(guest, { snapname: input.snapname, description: withJobMarker(input.description, jobId), vmstate });
    return send(mutation, { vm_type: guest.type, guest: guest.name, snapname: input.snapname, with_ram: vmstate });
  },
  async verify({ input, pve, jobId }) {
    const guest = await snapshotGuest(pve, input);
    const found = (await pve.snapshots(guest)).snapshots.find(({ name }) => name === input.snapname);
    if (!found || !hasJobMarker(found.description, jobId)) return guest.lock === 'snapshot' ? 'unclear' : 'absent';
    return found.snapstate === null ? 'achieved' : 'unclear';
  },
});
