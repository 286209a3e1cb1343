import { guestTarget } from '../domain/guest.ts';
import type { Mutation, Params } from '../domain/mutation.ts';
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
