import { createHash } from 'node:crypto';
import { looseParts } from '../api/property-string.ts';
import { apiSchema, parameterSchema } from '../api/schema.ts';
import { MIB, parseSize } from './size.ts';

export type GuestKind = 'qemu' | 'lxc';

/** Options of a guest by name; integers and booleans are numbers, everything else is text. */
export type GuestConfig = Record<string, string | number>;

export interface Snapshot {
  readonly name: string;
  description: string;
  readonly snaptime: number;
  readonly parent: string | undefined;
  readonly config: GuestConfig;
  /** QEMU: the memory was saved too. */
  readonly vmstate: boolean;
}

/** A process that the guest agent has started. Its status can be read once after it has ended. */
export interface AgentProcess {
  exitAt: number;
  exitcode: number | undefined;
  signal: number | undefined;
  stdout: Buffer;
  stderr: Buffer;
  capture: boolean;
}

interface GuestAgent {
  /** Whether qemu-ga answers (the config option `agent` says whether it is configured). */
  running: boolean;
  readonly files: Map<string, Buffer>;
  readonly processes: Map<number, AgentProcess>;
  nextPid: number;
}

export interface Guest {
  vmid: number;
  readonly kind: GuestKind;
  node: string;
  status: 'running' | 'stopped';
  /** QEMU only: more exact than `status`. */
  qmpstatus: 'running' | 'paused' | 'stopped';
  /** The configuration in force; `lock`, `template`, `protection` are part of it. */
  config: GuestConfig;
  /** Changes that wait for the next start; null removes an option. */
  pending: Record<string, string | number | null>;
  snapshots: Snapshot[];
  /** The snapshot the guest stands on. */
  parent: string | undefined;
  startedAt: number;
  pid: number;
  readonly agent: GuestAgent;
  /** The config file is locked by a worker (the flock, not the `lock` option). */
  flock: boolean;
  /** IP address that the guest reports. */
  address: string;
  /** How long its system takes to shut down; Infinity when it ignores the request. */
  shutdownSeconds: number;
}

export function createGuest(kind: GuestKind, vmid: number, node: string, config: GuestConfig): Guest {
  return {
    vmid,
    kind,
    node,
    status: 'stopped',
    qmpstatus: 'stopped',
    config,
    pending: {},
    snapshots: [],
    parent: undefined,
    startedAt: 0,
    pid: 0,
    agent: { running: true, files: new Map(), processes: new Map(), nextPid: 1169 },
    flock: false,
    address: `192.0.2.${(vmid % 254) + 1}`,
    shutdownSeconds: 4,
  };
}

export const guestName = (guest: Guest): string =>
  String(guest.config[guest.kind === 'qemu' ? 'name' : 'hostname'] ?? (guest.kind === 'qemu' ? `VM ${guest.vmid}` : `CT${guest.vmid}`));
export const isTemplate = (guest: Guest): boolean => Number(guest.config['template'] ?? 0) === 1;
export const lockOf = (guest: Guest): string | undefined => {
  const lock = guest.config['lock'];
  return lock === undefined ? undefined : String(lock);
};

/** `VM` or `CT`, as Proxmox writes it in messages. */
export const guestWord = (kind: GuestKind): string => (kind === 'qemu' ? 'VM' : 'CT');

/** Where the config file lies, relative to /etc/pve. */
export const configFile = (kind: GuestKind, node: string, vmid: number): string =>
  `nodes/${node}/${kind === 'qemu' ? 'qemu-server' : 'lxc'}/${vmid}.conf`;

/** A value in the type Proxmox keeps it in: integers and booleans as numbers. */
export function configValue(kind: GuestKind, key: string, value: string | number): string | number {
  const parameters = apiSchema.paths[`/nodes/{node}/${kind}/{vmid}/config`]?.['PUT']?.parameters ?? {};
  const type = parameterSchema(parameters, key)?.type;
  return type === 'integer' || type === 'boolean' || type === 'number' ? Number(value) : String(value);
}

const lines = (config: Readonly<Record<string, string | number>>): string =>
  Object.keys(config)
    .sort()
    .map((key) => `${key}: ${encodeURI(String(config[key]))}\n`)
    .join('');

/** The config file as text: current options, pending changes, snapshots. */
function configText(guest: Guest): string {
  const pending = Object.entries(guest.pending);
  const sections = [lines(guest.parent === undefined ? guest.config : { ...guest.config, parent: guest.parent })];
  if (pending.length > 0)
    sections.push(`[PENDING]\n${pending.map(([key, value]) => (value === null ? `delete: ${key}\n` : `${key}: ${value}\n`)).join('')}`);
  for (const snapshot of guest.snapshots)
    sections.push(`[${snapshot.name}]\n#${snapshot.description}\n${lines({ ...snapshot.config, snaptime: snapshot.snaptime })}`);
  return sections.join('\n');
}

/** SHA-1 of the config file, for compare-and-set. */
export const digestOf = (guest: Guest): string => createHash('sha1').update(configText(guest)).digest('hex');

/** A disk, CD-ROM, root filesystem or mount point of a guest. */
export interface Drive {
  readonly key: string;
  readonly volid: string;
  readonly parts: Record<string, string>;
  readonly isCdrom: boolean;
  readonly isCloudInit: boolean;
  readonly sizeBytes: number;
}

const QEMU_DRIVE = /^(?:(?:scsi|virtio|sata|ide)\d+|efidisk0|tpmstate0)$/;
const LXC_DRIVE = /^(?:rootfs|mp\d+)$/;

export const isDriveKey = (kind: GuestKind, key: string): boolean => (kind === 'qemu' ? QEMU_DRIVE : LXC_DRIVE).test(key);

export function readDrive(key: string, value: string): Drive {
  const parts = looseParts(value);
  const volid = parts['file'] ?? parts['volume'] ?? parts[''] ?? '';
  return {
    key,
    volid,
    parts,
    isCdrom: parts['media'] === 'cdrom',
    isCloudInit: /cloudinit/.test(volid),
    sizeBytes: parseSize(parts['size'] ?? '') ?? 0,
  };
}

/** Every drive of a config, unused ones excepted. */
export const drivesOf = (kind: GuestKind, config: GuestConfig): Drive[] =>
  Object.keys(config)
    .filter((key) => isDriveKey(kind, key))
    .sort()
    .map((key) => readDrive(key, String(config[key])));

/** Drives that hold data of the guest: no CD-ROMs, no cloud-init images. */
export const disksOf = (kind: GuestKind, config: GuestConfig): Drive[] =>
  drivesOf(kind, config).filter((drive) => !drive.isCdrom && drive.volid.includes(':'));

/** The size of the disk a VM boots from, or of the root filesystem. */
export function bootDiskBytes(guest: Guest): number {
  if (guest.kind === 'lxc') return readDrive('rootfs', String(guest.config['rootfs'] ?? '')).sizeBytes;
  const order = looseParts(String(guest.config['boot'] ?? ''))['order']?.split(';') ?? ['scsi0', 'virtio0', 'sata0', 'ide0'];
  for (const key of order) {
    const value = guest.config[key];
    if (value === undefined || !QEMU_DRIVE.test(key)) continue;
    const drive = readDrive(key, String(value));
    if (!drive.isCdrom) return drive.sizeBytes;
  }
  return 0;
}

/** Bytes of memory the guest may use. */
export function memoryBytes(guest: Guest): number {
  const value = String(guest.config['memory'] ?? 512);
  return Number(looseParts(value)['current'] ?? looseParts(value)[''] ?? 512) * MIB;
}

/** Virtual CPUs; a container without a limit has those of its node. */
export const cpusOf = (guest: Guest, nodeCores: number): number =>
  guest.kind === 'qemu'
    ? Number(guest.config['cores'] ?? 1) * Number(guest.config['sockets'] ?? 1)
    : Number(guest.config['cores'] ?? nodeCores);

/** The hardware address of a network option. */
export const macOf = (net: string): string | undefined => /(?:^|[=,])([0-9A-F]{2}(?::[0-9A-F]{2}){5})(?:,|$)/i.exec(net)?.[1];
