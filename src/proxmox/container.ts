import { guestTarget } from '../domain/guest.ts';
import type { Mutation, Params } from '../domain/mutation.ts';
import { printDiskSize } from './disk-size.ts';
import type { GuestStatus } from './guest-status.ts';
import { mutate } from './mutate.ts';

/** Power commands of a container, with the types of worker that may answer. HA answers in place of a guest it manages. */
const POWER = {
  start: ['vzstart', 'hastart'],
  stop: ['vzstop', 'hastop'],
  shutdown: ['vzshutdown', 'hastop'],
  reboot: ['vzreboot'],
} as const;

/** One LXC container: what Proxmox says of it now, and the writes that it takes. @see pve-container PVE/API2/LXC/Status.pm */
export class Container {
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

  /** Kills all its processes. */
  stop(): Mutation {
    return this.#power('stop');
  }

  /** Asks its init to power off; `forceStop` kills it after `timeout` seconds. */
  shutdown(options: { timeout?: number | undefined; forceStop?: boolean | undefined } = {}): Mutation {
    return this.#power('shutdown', options);
  }

  /** Shuts it down, waiting at most `timeout` seconds, and starts it again. */
  reboot(options: { timeout?: number | undefined } = {}): Mutation {
    return this.#power('reboot', options);
  }

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

  #power(command: keyof typeof POWER, params: Readonly<Record<string, Params[string] | undefined>> = {}): Mutation {
    const { node, vmid } = this;
    return mutate(
      'POST',
      `/nodes/{node}/lxc/{vmid}/status/${command}`,
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
