import { guestTarget } from '../domain/guest.ts';
import type { Mutation, Params } from '../domain/mutation.ts';
import type { GuestStatus } from './guest-status.ts';
import { mutate } from './mutate.ts';

type PowerCommand = 'start' | 'stop' | 'shutdown' | 'reboot' | 'reset';

/** Types of worker that may answer. HA answers in place of a guest it manages. */
const WORKERS: Readonly<Record<GuestStatus['type'], Readonly<Record<PowerCommand, readonly string[]>>>> = {
  qemu: {
    start: ['qmstart', 'hastart'],
    stop: ['qmstop', 'hastop'],
    shutdown: ['qmshutdown', 'hastop'],
    reboot: ['qmreboot'],
    reset: ['qmreset'],
  },
  lxc: { start: ['vzstart', 'hastart'], stop: ['vzstop', 'hastop'], shutdown: ['vzshutdown', 'hastop'], reboot: ['vzreboot'], reset: [] },
};

/**
 * A VM or container: what Proxmox says of it now, and the power commands both kinds take. Describing sends nothing.
 * @see qemu-server PVE/API2/Qemu.pm, pve-container PVE/API2/LXC/Status.pm
 */
export abstract class Guest {
  readonly facts: GuestStatus;
  readonly status: GuestStatus['status'];
  readonly vmid: number;
  readonly node: string;

  constructor(facts: GuestStatus) {
    this.facts = facts;
    this.status = facts.status;
    this.vmid = facts.vmid;
    this.node = facts.node;
  }

  start(): Mutation {
    return this.power('start');
  }

  /** Pulls the plug, or kills all processes of a container. */
  stop(): Mutation {
    return this.power('stop');
  }

  /** Asks the guest to power off; `forceStop` stops it after `timeout` seconds. */
  shutdown(options: { timeout?: number | undefined; forceStop?: boolean | undefined } = {}): Mutation {
    return this.power('shutdown', options);
  }

  /** Shuts the guest down, waiting at most `timeout` seconds, and starts it again. */
  reboot(options: { timeout?: number | undefined } = {}): Mutation {
    return this.power('reboot', options);
  }

  protected power(command: PowerCommand, params: Readonly<Record<string, Params[string] | undefined>> = {}): Mutation {
    const { node, vmid, facts } = this;
    return mutate(
      'POST',
      `/nodes/{node}/${facts.type}/{vmid}/status/${command}`,
      { node, vmid },
      {
        node,
        targets: [guestTarget(vmid)],
        task: { types: WORKERS[facts.type][command], id: String(vmid) },
        params,
      },
    );
  }
}
