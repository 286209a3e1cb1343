import { OperationError } from '../domain/operation-error.ts';
import type { ProxmoxApi } from './api.ts';
import { readNumber } from './lenient.ts';
import { route } from './route.ts';

const TRIES = 50;

/** Ids of guests across the whole cluster, whether or not the token may see the guests. @see pve-manager PVE/API2/Cluster.pm, nextid */
export function vmidReads(api: ProxmoxApi) {
  const nextId = route('/cluster/nextid', {});

  async function isVmidFree(vmid: number): Promise<boolean> {
    try {
      await api.read(nextId, { params: { vmid } });
      return true;
    } catch (error) {
      const isTaken =
        error instanceof OperationError && error.code === 'invalid_input' && /already exists/.test(JSON.stringify(error.details['errors']));
      if (isTaken) return false;
      throw error;
    }
  }

  return {
    /** Free now is no reservation. */
    isVmidFree,
    /** The lowest free id that is none of `taken`: ids that others are about to use. @throws OperationError `conflict` */
    async freeVmid(taken: readonly number[] = []): Promise<number> {
      const first = readNumber((await api.read(nextId)).data);
      if (first === null) throw new OperationError('proxmox_failed', 'Proxmox VE named no free guest id.');
      if (!taken.includes(first)) return first;
      for (let vmid = first + 1; vmid <= first + TRIES; vmid += 1) {
        if (!taken.includes(vmid) && (await isVmidFree(vmid))) return vmid;
      }
      throw new OperationError('conflict', `No guest id between ${first} and ${first + TRIES} is free.`, {
        hint: 'Name an id that is free.',
      });
    },
  };
}
