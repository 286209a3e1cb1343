import type { GuestType } from '../domain/guest.ts';
import type { ProxmoxApi } from './api.ts';
import { flatMapInSlices } from './in-slices.ts';
import { readFlag, readList, readNumber, readRecord, readRecords, readText, type RawRecord } from './lenient.ts';
import { route } from './route.ts';

/** A guest as `/cluster/resources` lists it. What Proxmox does not know (node offline, just booted) is null. */
export interface GuestSummary {
  readonly type: GuestType;
  readonly vmid: number;
  readonly name: string | null;
  readonly node: string;
  /** `unknown` when its node is offline or has not reported yet. */
  readonly status: 'running' | 'stopped' | 'unknown';
  readonly template: boolean;
  readonly tags: readonly string[];
  readonly pool: string | null;
  readonly lock: string | null;
  readonly haState: string | null;
  readonly cpus: number | null;
  /** 0 to 1 of all its CPUs. */
  readonly cpuUsage: number | null;
  readonly memoryBytes: number | null;
  readonly maxMemoryBytes: number | null;
  /** Size of the root disk. Proxmox does not know how full the disks of a VM are. */
  readonly maxDiskBytes: number | null;
  readonly uptimeSeconds: number | null;
}

export interface NodeSummary {
  readonly node: string;
  readonly status: 'online' | 'offline' | 'unknown';
  readonly cpus: number | null;
  readonly cpuUsage: number | null;
  readonly memoryBytes: number | null;
  readonly maxMemoryBytes: number | null;
  readonly diskBytes: number | null;
  readonly maxDiskBytes: number | null;
  readonly uptimeSeconds: number | null;
}

export interface StorageSummary {
  readonly storage: string;
  readonly node: string;
  readonly status: 'available' | 'unavailable' | 'unknown';
  readonly type: string | null;
  readonly shared: boolean;
  readonly content: readonly string[];
  readonly usedBytes: number | null;
  readonly totalBytes: number | null;
}

export interface ClusterStatus {
  /** Null for a node that is in no cluster. */
  readonly name: string | null;
  /** Null where there is no cluster and so no quorum to lose. */
  readonly quorate: boolean | null;
  readonly nodes: readonly { readonly name: string; readonly online: boolean; readonly address: string | null }[];
}

/** Everything under `/cluster` that is only read. @see pve-manager PVE/API2/Cluster.pm */
export function clusterReads(api: ProxmoxApi) {
  // Readers that share an answer share what it was read into.
  const readInto = new WeakMap<object, Promise<readonly unknown[]>>();
  async function resources<Row>(type: 'vm' | 'node' | 'storage', read: (row: RawRecord) => readonly Row[]): Promise<readonly Row[]> {
    const { data } = await api.read(route('/cluster/resources', {}), { params: { type } });
    if (!Array.isArray(data)) return [];
    const rows = readInto.get(data) ?? flatMapInSlices(readRecords(data), read);
    readInto.set(data, rows);
    return rows as Promise<readonly Row[]>;
  }

  return {
    /** Every VM and container that the token may see, in one request. */
    guests: (): Promise<readonly GuestSummary[]> => resources('vm', readGuest),
    nodes: (): Promise<readonly NodeSummary[]> => resources('node', readNode),
    /** One row per storage and node, shared storages once per node. */
    storages: (): Promise<readonly StorageSummary[]> => resources('storage', readStorage),
    async clusterStatus(): Promise<ClusterStatus> {
      const rows = readRecords((await api.read(route('/cluster/status', {}))).data);
      const cluster = rows.find((row) => row['type'] === 'cluster');
      return {
        name: cluster ? readText(cluster['name']) : null,
        quorate: cluster ? readFlag(cluster['quorate']) : null,
        nodes: rows
          .filter((row) => row['type'] === 'node')
          .map((row) => ({
            name: readText(row['name']) ?? '',
            online: readFlag(row['online']),
            address: readText(row['ip']),
          })),
      };
    },
    async version(): Promise<{ readonly version: string }> {
      const { data } = await api.read(route('/version', {}));
      return { version: readText(readRecord(data)['version']) ?? 'unknown' };
    },
  };
}

function readGuest(row: RawRecord): GuestSummary[] {
  const vmid = readNumber(row['vmid']);
  const { type } = row;
  if (vmid === null || (type !== 'qemu' && type !== 'lxc')) return [];
  const status = row['status'] === 'running' || row['status'] === 'stopped' ? row['status'] : 'unknown';
  return [
    {
      type,
      vmid,
      name: readText(row['name']),
      node: readText(row['node']) ?? '',
      status,
      template: readFlag(row['template']),
      tags: readList(row['tags']),
      pool: readText(row['pool']),
      lock: readText(row['lock']),
      haState: readText(row['hastate']),
      cpus: readNumber(row['maxcpu']),
      cpuUsage: readNumber(row['cpu']),
      memoryBytes: readNumber(row['mem']),
      maxMemoryBytes: readNumber(row['maxmem']),
      maxDiskBytes: readNumber(row['maxdisk']),
      uptimeSeconds: readNumber(row['uptime']),
    },
  ];
}

function readNode(row: RawRecord): NodeSummary[] {
  const node = readText(row['node']);
  if (node === null) return [];
  const status = row['status'] === 'online' || row['status'] === 'offline' ? row['status'] : 'unknown';
  return [
    {
      node,
      status,
      cpus: readNumber(row['maxcpu']),
      cpuUsage: readNumber(row['cpu']),
      memoryBytes: readNumber(row['mem']),
      maxMemoryBytes: readNumber(row['maxmem']),
      diskBytes: readNumber(row['disk']),
      maxDiskBytes: readNumber(row['maxdisk']),
      uptimeSeconds: readNumber(row['uptime']),
    },
  ];
}

function readStorage(row: RawRecord): StorageSummary[] {
  const storage = readText(row['storage']);
  const node = readText(row['node']);
  if (storage === null || node === null) return [];
  const { status } = row;
  return [
    {
      storage,
      node,
      status: status === 'available' ? 'available' : status === 'unknown' || status === undefined ? 'unknown' : 'unavailable',
      type: readText(row['plugintype']),
      shared: readFlag(row['shared']),
      content: readList(row['content']),
      usedBytes: readNumber(row['disk']),
      totalBytes: readNumber(row['maxdisk']),
    },
  ];
}
