import { guestTarget } from '../domain/guest.ts';
import type { Mutation } from '../domain/mutation.ts';
import { printDiskSize } from './disk-size.ts';
import { Guest } from './guest.ts';
import { mutate } from './mutate.ts';

/** One LXC container: what Proxmox says of it now, and the writes that it takes. @see pve-container PVE/API2/LXC/Status.pm */
export class Container extends Guest {
  /** Removes it with its disks. `purge` also takes it out of backup jobs, replication and HA. */
  destroy(options: { purge?: boolean | undefined; destroyUnreferencedDisks?: boolean | undefined } = {}): Mutation {
    const { node, vmid } = this;
    return mutate(
      'DELETE',
      '/nodes/{node}/lxc/{vmid}',
      { node, vmid },
      {
        node,
        targets: [guestTarget(vmid)],
        task: { types: ['vzdestroy'], id: String(vmid) },
        params: { purge: options.purge, 'destroy-unreferenced-disks': options.destroyUnreferencedDisks },
      },
    );
  }

  /** Sets options of its configuration, provided that it is still the one with this digest. Synchronous. */
  configure(options: Readonly<Record<string, string | number | boolean>>, digest: string | null): Mutation {
    const { node, vmid } = this;
    return mutate(
      'PUT',
      '/nodes/{node}/lxc/{vmid}/config',
      { node, vmid },
      { node, targets: [guestTarget(vmid)], task: null, params: { ...options, digest: digest ?? undefined } },
    );
  }

  /** Grows a disk to this many bytes. */
  resize(disk: string, sizeBytes: number): Mutation {
    const { node, vmid } = this;
    return mutate(
      'PUT',
      '/nodes/{node}/lxc/{vmid}/resize',
      { node, vmid },
      {
        node,
        targets: [guestTarget(vmid)],
        task: { types: ['resize'], id: String(vmid) },
        params: { disk, size: printDiskSize(sizeBytes) },
      },
    );
  }
}
