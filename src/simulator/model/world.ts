import type { AccessDatabase } from '../access/access-database.ts';
import type { Tickets } from '../access/authenticate.ts';
import type { PermissionReader } from '../access/permissions.ts';
import { failure } from '../api/failure.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../random.ts';
import type { TaskFlaw, TaskRegistry } from '../tasks/task-registry.ts';
import type { ServedCertificate } from '../http/certificate.ts';
import { configFile, type Drive, type Guest, type GuestKind } from './guest.ts';
import { isOnNode, volumesOn, type Storage, type Volume } from './storage.ts';

/** A network interface of a node. */
interface NodeNetwork {
  readonly iface: string;
  readonly type: 'bridge' | 'eth' | 'bond' | 'vlan';
  readonly cidr?: string;
  readonly ports?: string;
  readonly comments?: string;
}

export interface Node {
  readonly name: string;
  readonly nodeid: number;
  ip: string;
  online: boolean;
  cores: number;
  memoryBytes: number;
  rootBytes: number;
  rootUsedBytes: number;
  bootedAt: number;
  readonly networks: NodeNetwork[];
  readonly config: Record<string, string>;
}

export interface Pool {
  readonly poolid: string;
  comment: string | undefined;
  readonly vms: Set<number>;
  readonly storages: Set<string>;
}

export type HaState = 'started' | 'stopped' | 'disabled' | 'ignored';

export interface HaResource {
  readonly sid: string;
  state: HaState;
  max_restart: number;
  max_relocate: number;
  comment?: string;
}

export interface LogEntry {
  readonly uid: number;
  readonly time: number;
  readonly node: string;
  readonly pid: number;
  readonly pri: number;
  readonly tag: string;
  readonly user: string;
  readonly msg: string;
}

/** What a command that runs in a guest does. Text stands for UTF-8. */
export interface CommandResult {
  readonly exitcode?: number;
  readonly signal?: number;
  readonly stdout?: string | Uint8Array;
  readonly stderr?: string | Uint8Array;
  readonly seconds?: number;
  readonly missing?: boolean;
}
export type CommandHandler = (
  command: readonly string[],
  context: { readonly guest: Guest; readonly input: Buffer },
) => CommandResult | undefined;

/** A file behind a URL. Any other URL holds an ordinary file of some size. */
export interface RemoteFile {
  readonly size?: number;
  readonly mimetype?: string;
  readonly filename?: string;
  /** The digest that comes out, whatever the algorithm. */ readonly checksum?: string;
  /** HTTP status (default 200). */ readonly status?: number;
  readonly isRefused?: boolean;
  /** Bytes per second. */ readonly rate?: number;
  /** What is wrong with the content of a disk image. */ readonly invalid?: string;
}

/** Everything there is. Endpoints read and change it; workers change it over time. */
export interface World {
  readonly clock: Clock;
  readonly random: Random;
  readonly nodes: Map<string, Node>;
  readonly guests: Map<number, Guest>;
  readonly storages: Map<string, Storage>;
  readonly pools: Map<string, Pool>;
  readonly haResources: Map<string, HaResource>;
  readonly access: AccessDatabase;
  readonly permissions: PermissionReader;
  readonly tickets: Tickets;
  readonly tasks: TaskRegistry;
  readonly flaws: Set<{ pattern: string; flaw: TaskFlaw; times: number }>;
  readonly clusterLog: LogEntry[];
  readonly datacenter: Record<string, string>;
  readonly certificate: ServedCertificate;
  readonly commandHandlers: CommandHandler[];
  /** What lies behind URLs, for downloads. */
  readonly remoteFiles: Map<string, RemoteFile>;
  /** Nodes on which a backup runs: one at a time. */
  readonly backupLocks: Set<string>;
  /** Undefined for a node that is in no cluster. */
  clusterName: string | undefined;
  /** The node that serves the API. */
  localNode: string;
  hasQuorum: boolean;
  /** Counts changes of any kind. */
  revision: number;
  logUid: number;
}

export const seconds = (world: World): number => Math.floor(world.clock.now());

/** @throws ApiFailure 500, also when the guest is on another node or of the other kind */
export function findGuest(world: World, kind: GuestKind, node: string, vmid: number): Guest {
  const guest = world.guests.get(vmid);
  if (guest === undefined || guest.kind !== kind || guest.node !== node)
    throw failure(`Configuration file '${configFile(kind, node, vmid)}' does not exist`);
  return guest;
}

/** @throws ApiFailure 500 when there is no such storage */
export function findStorage(world: World, name: string): Storage {
  const storage = world.storages.get(name);
  if (storage === undefined) throw failure(`storage '${name}' does not exist`);
  return storage;
}

/** A storage that can be used on a node. @throws ApiFailure 500 */
export function usableStorage(world: World, name: string, node: string): Storage {
  const storage = findStorage(world, name);
  if (storage.disabled) throw failure(`storage '${name}' is disabled`);
  if (!isOnNode(storage, node)) throw failure(`storage '${name}' is not available on node '${node}'`);
  if (!storage.active) throw failure(`storage '${name}' is not online`);
  return storage;
}

/** Splits `storage:name`; undefined when the text is no volume id. */
export function parseVolid(volid: string): { storage: string; name: string } | undefined {
  const [, storage, name] = /^([a-zA-Z][a-zA-Z0-9\-_.]*[a-zA-Z0-9]):(.+)$/.exec(volid) ?? [];
  return storage === undefined || name === undefined ? undefined : { storage, name };
}

/** Whether all volumes can be used from every node; the image in a CD-ROM drive counts. */
export const isShared = (world: World, drives: readonly Pick<Drive, 'volid'>[]): boolean =>
  drives.every(({ volid }) => world.storages.get(parseVolid(volid)?.storage ?? volid)?.shared !== false);

export function findVolume(world: World, volid: string, node: string): Volume | undefined {
  const storage = world.storages.get(parseVolid(volid)?.storage ?? '');
  return storage === undefined ? undefined : volumesOn(storage, node).get(volid);
}

/** Writes a line into the log of the cluster, whose ring holds the newest lines. */
export function logCluster(world: World, entry: Omit<LogEntry, 'uid' | 'time'>): void {
  world.logUid++;
  world.clusterLog.unshift({ ...entry, uid: world.logUid, time: seconds(world) });
  if (world.clusterLog.length > 500) world.clusterLog.length = 500;
}

export const touch = (world: World): void => {
  world.revision++;
};
