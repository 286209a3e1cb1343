import { guestTarget } from '../domain/guest.ts';
import type { Mutation } from '../domain/mutation.ts';
import { Guest } from './guest.ts';
import { mutate } from './mutate.ts';

/** How a copy is made. Names are Proxmox's own. */
export interface CloneOptions {
  readonly newid: number;
  /** False makes a linked copy, which only templates and some snapshots allow. */
  readonly full: boolean;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** Node of the copy. */
  readonly target?: string | undefined;
  /** Full copies only. */
  readonly storage?: string | undefined;
  readonly format?: string | undefined;
  readonly snapname?: string | undefined;
  readonly pool?: string | undefined;
}

/** One QEMU VM: what Proxmox says of it now, and the writes that it takes. @see qemu-server PVE/API2/Qemu.pm */
export class Vm extends Guest {
  /** Presses the reset button. */
  reset(): Mutation {
    return this.power('reset');
  }

  /** Removes the VM and its disks for ever. Proxmox refuses while it runs. */
  destroy(options: { purge?: boolean | undefined; destroyUnreferencedDisks?: boolean | undefined } = {}): Mutation {
    const { node, vmid } = this;
    return mutate(
      'DELETE',
      '/nodes/{node}/qemu/{vmid}',
      { node, vmid },
      {
        node,
        targets: [guestTarget(vmid)],
        task: { types: ['qmdestroy'], id: String(vmid) },
        params: { purge: options.purge, 'destroy-unreferenced-disks': options.destroyUnreferencedDisks },
        repeat: 'destructive',
      },
    );
  }

  /** Copies it to a new id. Proxmox holds a running source alone meanwhile; of a stopped one it may make several copies. */
  clone({ newid, ...options }: CloneOptions): Mutation {
    const { node, vmid } = this;
    return mutate(
      'POST',
      '/nodes/{node}/qemu/{vmid}/clone',
      { node, vmid },
      {
        node,
        targets: [guestTarget(newid), ...(this.status === 'running' ? [guestTarget(vmid)] : [])],
        task: { types: ['qmclone'], id: String(vmid) },
        params: { newid, ...options },
      },
    );
  }

  /** Grows a disk to a size; Proxmox refuses to shrink. */
  growDisk(disk: string, sizeGib: number): Mutation {
    const { node, vmid } = this;
    return mutate(
      'PUT',
      '/nodes/{node}/qemu/{vmid}/resize',
      { node, vmid },
      {
        node,
        targets: [guestTarget(vmid)],
        task: { types: ['resize'], id: String(vmid) },
        params: { disk, size: `${sizeGib}G` },
        repeat: 'convergent',
      },
    );
  }
}
