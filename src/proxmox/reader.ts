import { systemClock } from '../domain/clock.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { GuestType } from '../domain/guest.ts';
import type { ProxmoxApi } from './api.ts';
import { applianceReads } from './appliances.ts';
import { backupReads } from './backups.ts';
import { createBreaker } from './breaker.ts';
import { bridgeReads } from './bridges.ts';
import { storageChoice } from './choose-storage.ts';
import { clusterReads, type GuestSummary } from './cluster.ts';
import { contentSearch, type ContentMemory, type FoundVolume } from './content-search.ts';
import { containerAddressReads } from './container-addresses.ts';
import { guestAgentReads } from './guest-agent.ts';
import { guestConfigReads } from './guest-config.ts';
import type { GuestList, Inventory } from './inventory.ts';
import { createLastKnown } from './last-known.ts';
import { readGuestStatus, type GuestStatus } from './guest-status.ts';
import { readRecord } from './lenient.ts';
import { vmidReads } from './next-vmid.ts';
import { nodeReads } from './nodes.ts';
import { ovaReads } from './ova-disks.ts';
import { ownPrivilegeReads } from './own-privileges.ts';
import { route } from './route.ts';
import { storageContentReads } from './storage-content.ts';
import { snapshotReads } from './snapshots.ts';
import { taskLogReads } from './task-log.ts';

/** Everything that can be read, and nothing that writes. */
export type ProxmoxReader = ReturnType<typeof createReader>;

export interface ReaderOptions {
  /** Answers the lists, at most as old as it keeps them. For what is shown, never for what a write is decided by. */
  readonly lists?: Inventory;
  /** Says where a guest probably is; what is then read there is read anew. */
  readonly places?: Inventory;
}

/** How long a storage that hung is left alone by reads. */
const REST_MS = 30_000;
/** About 20 MB. */
const VOLUMES_KEPT = 50_000;

export function createReader(api: ProxmoxApi, { lists, places = lists }: ReaderOptions = {}) {
  const inCluster = clusterReads(api);
  const cluster = lists ? { ...inCluster, guests: lists.guests, nodes: lists.nodes, storages: lists.storages } : inCluster;
  const { monotonic: now } = systemClock;
  const memory: ContentMemory | undefined = lists && {
    breaker: createBreaker({ name: (key) => key, restMs: REST_MS, now }),
    lastKnown: createLastKnown<FoundVolume>({ maxRows: VOLUMES_KEPT, now }),
  };
  const content = storageContentReads(api);

  /** @throws OperationError `not_found` naming what the id is instead, if anything */
  async function locate(vmid: number, type?: GuestType): Promise<GuestSummary> {
    const guest = (await inCluster.guests()).find((candidate) => candidate.vmid === vmid);
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
          hint: `Use the operation for ${guest.type === 'qemu' ? 'VMs, e.g. start_vm' : 'containers, e.g. start_container'}.`,
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
    const statusOn = async (on: string): Promise<GuestStatus> => {
      const { data } = await api.read(route(`/nodes/{node}/${type}/{vmid}/status/current`, { node: on, vmid }));
      return readGuestStatus(type, vmid, on, readRecord(data));
    };
    if (node === undefined) {
      const probable = await places?.guest(vmid);
      if (probable?.type !== type) return statusOn((await locate(vmid, type)).node);
      return statusOn(probable.node).catch(async (error: unknown) => {
        const { node: actual } = await locate(vmid, type);
        if (actual === probable.node) throw error;
        return statusOn(actual);
      });
    }
    try {
      return await statusOn(node);
    } catch (error) {
      if (!(error instanceof OperationError) || error.code !== 'not_found') throw error;
      const actual = await locate(vmid, type);
      if (actual.node === node) throw error;
      throw new OperationError('not_found', `Guest ${vmid} is on node ${actual.node}, not on ${node}.`, {
        hint: `Repeat with node=${actual.node}, or leave node out.`,
        details: { vmid, node: actual.node },
      });
    }
  }

  /** For lists that are shown, which say how old they are. */
  async function guestList(): Promise<GuestList> {
    return lists ? lists.guestList() : { guests: await inCluster.guests(), ageSeconds: 0 };
  }

  return {
    ...cluster,
    guestList,
    ...nodeReads(api),
    ...snapshotReads(api),
    ...taskLogReads(api),
    ...guestConfigReads(api),
    ...containerAddressReads(api),
    ...guestAgentReads(api),
    ...backupReads(api),
    ...ownPrivilegeReads(api),
    ...content,
    ...contentSearch({ ...cluster, ...content }, api.context.tokenId, memory),
    ...storageChoice(api, cluster.storages),
    ...applianceReads(api),
    ...ovaReads(api),
    ...bridgeReads(api),
    ...vmidReads(api),
    locate,
    guestStatus,
  };
}
