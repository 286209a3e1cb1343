import { OperationError } from '../../domain/operation-error.ts';
import type { GuestType } from '../../domain/guest.ts';
import type { GuestStatus } from '../../proxmox/guest-status.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';

/**
 * A guest that runs, so that something can be done inside it.
 * @throws OperationError `conflict` when it does not run, `not_found`
 */
export async function runningGuest(
  pve: ProxmoxReader,
  { vmid, node }: { readonly vmid: number; readonly node?: string | undefined },
  type?: GuestType,
): Promise<GuestStatus> {
  const kind = type ?? (await pve.locate(vmid)).type;
  const guest = await pve.guestStatus(kind, vmid, node);
  const name = `${kind === 'qemu' ? 'VM' : 'Container'} ${vmid}`;
  if (guest.status !== 'running') {
    throw new OperationError('conflict', `${name} is not running.`, {
      hint: `Start it first (${kind === 'qemu' ? 'start_vm' : 'start_container'}).`,
      details: { vmid },
    });
  }
  if (guest.qmpStatus !== null && guest.qmpStatus !== 'running') {
    throw new OperationError('conflict', `${name} is ${guest.qmpStatus.slice(0, 40)}, so nothing can run in it.`, {
      hint: 'Resume it in Proxmox VE first.',
      details: { vmid },
    });
  }
  return guest;
}
