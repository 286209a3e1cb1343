import { guestTarget } from '../domain/guest.ts';
import type { Mutation, Params } from '../domain/mutation.ts';
import type { GuestStatus } from './guest-status.ts';
import { mutate } from './mutate.ts';

/** Power commands of a VM, with the types of worker that may answer. HA answers in place of a guest it manages. */
const POWER = {
  start: ['qmstart', 'hastart'],
  stop: ['qmstop', 'hastop'],
  shutdown: ['qmshutdown', 'hastop'],
  reboot: ['qmreboot'],
  reset: ['qmreset'],
} as const;

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
export class Vm {
  readonly status: GuestStatus['status'];
  readonly vmid: number;
  readonly node: string;
  readonly facts: GuestStatus;

  constructor(facts: GuestStatus) {
    this.facts = facts;
    this.status = facts.status;
    this.vmid = facts.vmid;
    this.node = facts.node;
  }

  start(): Mutation {
    return this.#power('start');
  }

  /** Pulls the plug. */
  stop(): Mutation {
    return this.#power('stop');
  }

  /** Asks the guest to power off; `forceStop` pulls the plug after `timeout` seconds. */
  shutdown(options: { timeout?: number | undefined; forceStop?: boolean | undefined } = {}): Mutation {
    return this.#power('shutdown', options);
  }

  /** Asks the guest to shut down and starts it again. */
  reboot(options: { timeout?: number | undefined } = {}): Mutation {
    return this.#power('reboot', options);
  }

  /** Presses the reset button. */
  reset(): Mutation {
    return this.#power('reset');
  }

  /** Removes the VM and its disks for ever. Proxmox refuses while it runs. */
  destroy(options: { purge?: boolean | undefined; destroyUnreferencedDisks?: boolean | undefined } = {}): Mutation {
    const { node, vmid } = this;
    return mutate('DELETE', '/nodes/{node}/qemu/{vmid}', { node, vmid }, {
      node,
      targets: [guestTarget(vmid)],
      task: { types: ['qmdestroy'], id: String(vmid) },
      params: { purge: options.purge, 'destroy-unreferenced-disks': options.destroyUnreferencedDisks },
      repeat: 'destructive',
    });
  }

  /** Copies it to a new id. Proxmox holds a running source alone meanwhile; of a stopped one it may make several copies. */
  clone({ newid, ...options }: CloneOptions): Mutation {
    const { node, vmid } = this;
    return mutate('POST', '/nodes/{node}/qemu/{vmid}/clone', { node, vmid }, {
      node,
      targets: [guestTarget(newid), ...(this.status === 'running' ? [guestTarget(vmid)] : [])],
      task: { types: ['qmclone'], id: String(vmid) },
      params: { newid, ...options },
    });
  }

  /** Grows a disk to a size; Proxmox refuses to shrink. */
  growDisk(disk: string, sizeGib: number): Mutation {
    const { node, vmid } = this;
    return mutate('PUT', '/nodes/{node}/qemu/{vmid}/resize', { node, vmid }, {
      node,
      targets: [guestTarget(vmid)],
      task: { types: ['resize'], id: String(vmid) },
      params: { disk, size: `${sizeGib}G` },
      repeat: 'convergent',
    });
  }

  #power(command: keyof typeof POWER, params: Readonly<Record<string, Params[string] | undefined>> = {}): Mutation {
    const { node, vmid } = this;
    return mutate(
      'POST',
      `/nodes/{node}/qemu/{vmid}/status/${command}`,
      { node, vmid },
      {
        node,
        targets: [guestTarget(vmid)],
        task: { types: POWER[command], id: String(vmid) },
        params,
      },
    );
  }
}
