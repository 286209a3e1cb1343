import { guestTarget, type GuestType } from '../domain/guest.ts';
import type { Mutation } from '../domain/mutation.ts';
import type { ProxmoxApi } from './api.ts';
import { readFlag, readNumber, readRecord, readRecords, readText, type RawRecord } from './lenient.ts';
import { mutate } from './mutate.ts';
import { route } from './route.ts';

/** Where a guest is; enough to address its snapshots. */
export interface GuestPlace {
  readonly type: GuestType;
  readonly node: string;
  readonly vmid: number;
}

export interface Snapshot {
  readonly name: string;
  /** The snapshot it was taken on top of; null for a first one. */
  readonly parent: string | null;
  /** Empty when there is none. */
  readonly description: string;
  /** Epoch seconds on the node's clock. */
  readonly takenAt: number | null;
  /** The memory of the running VM was saved with it. */
  readonly vmstate: boolean;
  /** `prepare` or `delete` while that is under way or was left unfinished; null when the snapshot is whole. */
  readonly snapstate: string | null;
}

export interface SnapshotList {
  readonly snapshots: readonly Snapshot[];
  /** The snapshot that the guest stands on now; null without one. */
  readonly current: string | null;
}

const TASK_PREFIX = { qemu: 'qm', lxc: 'vz' } as const;

/** Reads about snapshots. @see qemu-server PVE/API2/Qemu.pm, pve-container PVE/API2/LXC/Snapshot.pm */
export function snapshotReads(api: ProxmoxApi) {
  return {
    /** All snapshots of a guest. The pseudo entry `current` of Proxmox is told apart from them. */
    async snapshots({ type, node, vmid }: GuestPlace): Promise<SnapshotList> {
      const rows = readRecords((await api.read(route(`/nodes/{node}/${type}/{vmid}/snapshot`, { node, vmid }))).data);
      const current = rows.find(isCurrent);
      return {
        snapshots: rows.filter((row) => !isCurrent(row)).flatMap(readSnapshot),
        current: current ? readText(current['parent']) : null,
      };
    },
    /** Whether every disk of the guest lies on storage that can take snapshots. */
    async canSnapshot({ type, node, vmid }: GuestPlace): Promise<boolean> {
      const { data } = await api.read(route(`/nodes/{node}/${type}/{vmid}/feature`, { node, vmid }), { params: { feature: 'snapshot' } });
      return readFlag(readRecord(data)['hasFeature']);
    },
  };
}

/** `vmstate` saves the memory of a running VM too; containers have no such thing. */
export function createSnapshotOf(
  { type, node, vmid }: GuestPlace,
  options: { readonly snapname: string; readonly description: string | undefined; readonly vmstate: boolean },
): Mutation {
  return mutate(
    'POST',
    `/nodes/{node}/${type}/{vmid}/snapshot`,
    { node, vmid },
    {
      node,
      targets: [guestTarget(vmid)],
      task: { types: [`${TASK_PREFIX[type]}snapshot`], id: String(vmid) },
      params: { snapname: options.snapname, description: options.description, vmstate: options.vmstate || undefined },
    },
  );
}

/** `force` takes it out of the configuration even where removing it from a disk fails. */
export function deleteSnapshotOf({ type, node, vmid }: GuestPlace, snapname: string, force: boolean): Mutation {
  return mutate(
    'DELETE',
    `/nodes/{node}/${type}/{vmid}/snapshot/{snapname}`,
    { node, vmid, snapname },
    {
      node,
      targets: [guestTarget(vmid)],
      task: { types: [`${TASK_PREFIX[type]}delsnapshot`], id: String(vmid) },
      params: { force: force || undefined },
    },
  );
}

/** Stops the guest, puts its disks and configuration back, and starts it again if asked or if memory was saved. */
export function rollbackSnapshotOf({ type, node, vmid }: GuestPlace, snapname: string, start: boolean): Mutation {
  return mutate(
    'POST',
    `/nodes/{node}/${type}/{vmid}/snapshot/{snapname}/rollback`,
    { node, vmid, snapname },
    {
      node,
      targets: [guestTarget(vmid)],
      task: { types: [`${TASK_PREFIX[type]}rollback`], id: String(vmid) },
      params: { start: start || undefined },
    },
  );
}

const isCurrent = (row: RawRecord): boolean => row['name'] === 'current';

function readSnapshot(row: RawRecord): Snapshot[] {
  const name = readText(row['name']);
  if (name === null) return [];
  const takenAt = readNumber(row['snaptime']);
  return [
    {
      name,
      parent: readText(row['parent']),
      description: (readText(row['description']) ?? '').trimEnd(),
      takenAt: takenAt === 0 ? null : takenAt,
      vmstate: readFlag(row['vmstate']),
      snapstate: readText(row['snapstate']),
    },
  ];
}
