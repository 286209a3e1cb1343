import type { ProxmoxApi } from './api.ts';
import { Container } from './container.ts';
import type { Inventory } from './inventory.ts';
import { createReader } from './reader.ts';
import { Vm } from './vm.ts';

/** Which guest is meant; the node is found when it is left out. */
export interface GuestAddress {
  readonly vmid: number;
  readonly node?: string | undefined;
}

/** Everything that can be read, and guests that describe writes to themselves. Describing sends nothing. */
export type ProxmoxPlanner = ReturnType<typeof createPlanner>;

/** @param places says where guests probably are; their state is always read anew */
export function createPlanner(api: ProxmoxApi, places?: Inventory) {
  const reader = createReader(api, places ? { places } : {});
  return {
    ...reader,
    /** @throws OperationError `not_found` */
    async vm({ vmid, node }: GuestAddress): Promise<Vm> {
      return new Vm(await reader.guestStatus('qemu', vmid, node));
    },
    /** @throws OperationError `not_found` */
    async container({ vmid, node }: GuestAddress): Promise<Container> {
      return new Container(await reader.guestStatus('lxc', vmid, node));
    },
  };
}
