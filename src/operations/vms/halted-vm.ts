import type { GuestStatus } from '../../proxmox/guest-status.ts';

/** States of QEMU in which a VM is on and its CPUs stand still. @see qemu-server PVE/QemuServer.pm, vm_is_paused; QEMU qapi/run-state.json */
const HALTED: ReadonlySet<string> = new Set(['paused', 'suspended', 'prelaunch', 'io-error', 'internal-error', 'guest-panicked']);

/** The state of a VM that is on and does nothing, which lists and `status` call running; null for any other. */
export function haltedState({ status, qmpStatus }: GuestStatus): string | null {
  return status === 'running' && qmpStatus !== null && HALTED.has(qmpStatus) ? qmpStatus : null;
}
