import { guestLabel, type GuestType } from '../domain/guest.ts';
import { OperationError } from '../domain/operation-error.ts';

interface Lockable {
  readonly type: GuestType;
  readonly vmid: number;
  readonly node: string;
  readonly lock: string | null;
}

/**
 * Proxmox refuses most changes of a guest that is locked, many of them only inside the task.
 * @param field the argument that named the guest
 * @throws OperationError `conflict` that says what the lock means
 */
export function assertUnlocked({ type, vmid, node, lock }: Lockable, field?: string): void {
  if (lock === null) return;
  throw new OperationError('conflict', `${guestLabel(type, vmid)} is locked (${lock}).`, {
    hint: hintOf(lock),
    details: { vmid, node, lock, ...(field === undefined ? {} : { field }) },
  });
}

function hintOf(lock: string): string {
  // No task holds this one: it stays until the VM is started.
  if (lock === 'suspended') return 'It is hibernated: start it (start_vm), then shut it down.';
  return `Wait for the task that holds the lock to end. If none is left, a person clears it on the node, once they know why it ended early.`;
}
