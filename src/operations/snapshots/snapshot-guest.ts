import { z } from 'zod';
import { guestLabel } from '../../domain/guest.ts';
import { OperationError } from '../../domain/operation-error.ts';
import type { GuestStatus } from '../../proxmox/guest-status.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import type { Snapshot, SnapshotList } from '../../proxmox/snapshots.ts';
import { assertUnlocked } from '../guest-lock.ts';
import { guestInput } from '../inputs.ts';
import { ofField } from '../of-field.ts';

/** The guest whose snapshots are meant. */
export const snapshotGuestInput = guestInput.extend({
  vm_type: z.enum(['qemu', 'lxc']).optional().describe('VM or container; found when left out.'),
});
type SnapshotGuestInput = z.output<typeof snapshotGuestInput>;

/** The guest as it is now, whichever type it is. @throws OperationError `not_found` */
export async function snapshotGuest(pve: ProxmoxReader, { vmid, node, vm_type }: SnapshotGuestInput): Promise<GuestStatus> {
  if (vm_type !== undefined)
    return pve.guestStatus(vm_type, vmid, node).catch((error: unknown) => Promise.reject(withoutType(error, vm_type)));
  const guest = await pve.locate(vmid);
  return pve.guestStatus(guest.type, vmid, node ?? guest.node);
}

/** A guest of the other type is served as well, if only the type is left out. */
function withoutType(error: unknown, type: string): unknown {
  if (!(error instanceof OperationError) || error.code !== 'not_found' || !/^\d+ is a /.test(error.message)) return error;
  return ofField(error, 'vm_type', `Leave vm_type=${type} out.`);
}

/** @throws OperationError `conflict` for a guest whose snapshots Proxmox would not touch now */
export function assertSnapshotsCanChange(guest: GuestStatus): void {
  const label = guestLabel(guest.type, guest.vmid);
  if (guest.template) {
    throw new OperationError('conflict', `${label} is a template, and templates have no changing snapshots.`, { hint: 'Clone it first.' });
  }
  assertUnlocked(guest);
}

/** @throws OperationError `not_found` naming the snapshots that exist */
export function snapshotNamed(guest: GuestStatus, list: SnapshotList, snapname: string): Snapshot {
  const snapshot = list.snapshots.find(({ name }) => name === snapname);
  if (snapshot) return snapshot;
  const names = list.snapshots.map(({ name }) => name);
  throw new OperationError('not_found', `${guestLabel(guest.type, guest.vmid)} has no snapshot ${snapname}.`, {
    hint: names.length === 0 ? 'It has none at all.' : `It has ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}.`,
    details: { field: 'snapname' },
  });
}
