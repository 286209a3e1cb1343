import { OperationError } from '../domain/operation-error.ts';
import type { GuestType } from '../domain/guest.ts';
import type { ProxmoxApi } from './api.ts';
import { applianceReads } from './appliances.ts';
import { backupReads } from './backups.ts';
import { bridgeReads } from './bridges.ts';
import { storageChoice } from './choose-storage.ts';
import { clusterReads, type GuestSummary } from './cluster.ts';
import { contentSearch } from './content-search.ts';
import { containerAddressReads } from './container-addresses.ts';
import { guestAgentReads } from './guest-agent.ts';
import { guestConfigReads } from './guest-config.ts';
import { readGuestStatus, type GuestStatus } from './guest-status.ts';
import { readRecord } from './lenient.ts';
import { vmidReads } from './next-vmid.ts';
import { nodeReads } from './nodes.ts';
import { ownPrivilegeReads } from './own-privileges.ts';
import { route } from './route.ts';
import { storageContentReads } from './storage-content.ts';
import { snapshotReads } from './snapshots.ts';
import { taskLogReads } from './task-log.ts';

/** Everything that can be read, and nothing that writes. */
export type ProxmoxReader = ReturnType<typeof createReader>;

export function createReader(api: ProxmoxApi) {
  const cluster = clusterReads(api);
  const content = storageContentReads(api);

  /** @throws OperationError `not_found` naming what the id is instead, if anything */
  async function locate(vmid: number, type?: GuestType): Promise<GuestSummary> {
    const guest = (await cluster.guests()).find((candidate) => candidate.vmid === vmid);
    if (!guest) {
      throw new OperationError('not_found', `There is no guest ${vmid}, or the API token may not see it.`, {
        hint: 'See get_vms and get_containers for those that exist.',
        details: { vmid },
      });
    }
    if (type !== undefined && guest.type !== type) {
      throw new OperationError(
        'not_found',
        `${vmid} is a ${guest.type === 'qemu' ? 'VM' : 'container'}, not a ${type === 'qemu' ? 'VM' : 'container'}.`,
        {
          hint: `Use the operation for ${guest.type === 'qemu' ? 'VMs' : 'containers'}.`,
          details: { vmid },
        },
      );
    }
    return guest;
  }

  /**
   * The guest as it is now. With a node given, one request; a guest that lives elsewhere is an error that says where.
   * @throws OperationError `not_found`
   */
  async function guestStatus(type: GuestType, vmid: number, node?: string): Promise<GuestStatus> {
    const on = node ?? (await locate(vmid, type)).node;
    try {
      const { data } = await api.read(route(`/nodes/{node}/${type}/{vmid}/status/current`, { node: on, vmid }));
      return readGuestStatus(type, vmid, on, readRecord(data));
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== 'not_found' || node === undefined) throw error;
      const actual = await locate(vmid, type);
      if (actual.node === node) throw error;
      throw new OperationError('not_found', `Guest ${vmid} is on node ${actual.node}, not on ${node}.`, {
        hint: `Repeat with node=${actual.node}, or leave node out.`,
        details: { vmid, node: actual.node },
      });
    }
  }

  return {
    ...cluster,
    ...nodeReads(api),
    ...snapshotReads(api),
    ...taskLogReads(api),
    ...guestConfigReads(api),
    ...containerAddressReads(api),
    ...guestAgentReads(api),
    ...backupReads(api),
    ...ownPrivilegeReads(api),
    ...content,
    ...contentSearch({ ...cluster, ...content }, api.context.tokenId),
    ...storageChoice(api, cluster.storages),
    ...applianceReads(api),
    ...bridgeReads(api),
    ...vmidReads(api),
    locate,
    guestStatus,
  };
}
