/** Proxmox's two kinds of guest: a QEMU virtual machine or an LXC container. */
export type GuestType = 'qemu' | 'lxc';

/** Smallest and largest id that Proxmox gives a guest. @see pve-common PVE/JSONSchema.pm, pve-vmid */
export const VMID_MIN = 100;
export const VMID_MAX = 999_999_999;

/** `VM 101` or `CT 200`, as Proxmox names guests in its own messages. */
export function guestLabel(type: GuestType, vmid: number): string {
  return `${type === 'qemu' ? 'VM' : 'CT'} ${vmid}`;
}

/** The key under which a guest is locked against a second write. VMs and containers share one number space. */
export function guestTarget(vmid: number): string {
  return `guest/${vmid}`;
}
