import { readDiskSize } from './disk-size.ts';
import type { GuestConfig } from './guest-config.ts';
import { readFlag, readList, readNumber, readText } from './lenient.ts';
import { readPropertyString } from './property-string.ts';

/** Root file system or mount point. */
export interface ContainerDisk {
  /** `rootfs` or `mp0` to `mp255`. */
  readonly disk: string;
  /** A volid, or the path on the node of a bind mount. */
  readonly volume: string;
  /** Where the container sees it. */
  readonly path: string;
  readonly sizeBytes: number | null;
  /** Mount points are in backups only where that is said; what lies on no storage never is. */
  readonly isBackedUp: boolean;
}

export interface ContainerNetwork {
  /** `net0` to `net31`. */
  readonly id: string;
  readonly name: string | null;
  readonly bridge: string | null;
  readonly hwaddr: string | null;
  /** `dhcp`, `manual`, or address with prefix length. */
  readonly ip: string | null;
  readonly gateway: string | null;
  readonly ip6: string | null;
  readonly gateway6: string | null;
  readonly vlan: number | null;
  readonly firewall: boolean;
}

/** The configuration of a container, read. @see pve-container PVE/LXC/Config.pm, $confdesc */
export interface ContainerConfig {
  readonly digest: string | null;
  readonly hostname: string | null;
  readonly ostype: string | null;
  /** Null means all of the node's. */
  readonly cores: number | null;
  readonly memoryMib: number;
  readonly swapMib: number;
  readonly unprivileged: boolean;
  readonly onboot: boolean;
  readonly protection: boolean;
  readonly template: boolean;
  /** Features that are on, e.g. `nesting`, `keyctl`, `mount=nfs`. */
  readonly features: readonly string[];
  readonly tags: readonly string[];
  readonly description: string;
  readonly nameserver: string | null;
  readonly searchdomain: string | null;
  readonly disks: readonly ContainerDisk[];
  readonly networks: readonly ContainerNetwork[];
  /** Every other option as Proxmox writes it. */
  readonly other: Readonly<Record<string, string | number>>;
}

/** What Proxmox takes where the configuration says nothing, MiB. */
const DEFAULT_MEMORY_MIB = 512;
const DISK = /^(?:rootfs|mp\d+)$/;
const NETWORK = /^net\d+$/;
const READ = new Set(
  'hostname ostype cores memory swap unprivileged onboot protection template features tags description nameserver searchdomain'.split(' '),
);

export function readContainerConfig({ digest, options }: GuestConfig): ContainerConfig {
  const names = Object.keys(options).toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  return {
    digest,
    hostname: readText(options['hostname']),
    ostype: readText(options['ostype']),
    cores: readNumber(options['cores']),
    memoryMib: readNumber(options['memory']) ?? DEFAULT_MEMORY_MIB,
    swapMib: readNumber(options['swap']) ?? DEFAULT_MEMORY_MIB,
    unprivileged: readFlag(options['unprivileged']),
    onboot: readFlag(options['onboot']),
    protection: readFlag(options['protection']),
    template: readFlag(options['template']),
    features: readFeatures(readText(options['features']) ?? ''),
    tags: readList(options['tags']),
    description: (readText(options['description']) ?? '').trimEnd(),
    nameserver: readText(options['nameserver']),
    searchdomain: readText(options['searchdomain']),
    disks: names.filter((name) => DISK.test(name)).map((name) => readDisk(name, String(options[name]))),
    networks: names.filter((name) => NETWORK.test(name)).map((name) => readNetwork(name, String(options[name]))),
    other: Object.fromEntries(
      names.filter((name) => !READ.has(name) && !DISK.test(name) && !NETWORK.test(name)).map((name) => [name, options[name] ?? '']),
    ),
  };
}

function readFeatures(text: string): readonly string[] {
  return Object.entries(readPropertyString(text, 'feature')).flatMap(([name, value]) =>
    value === '1' ? [name] : value === '0' ? [] : [`${name}=${value}`],
  );
}

function readDisk(disk: string, text: string): ContainerDisk {
  const parts = readPropertyString(text, 'volume');
  const volume = parts['volume'] ?? '';
  return {
    disk,
    volume,
    path: disk === 'rootfs' ? '/' : (parts['mp'] ?? ''),
    sizeBytes: readDiskSize(parts['size']),
    isBackedUp: disk === 'rootfs' || (parts['backup'] === '1' && !volume.startsWith('/')),
  };
}

function readNetwork(id: string, text: string): ContainerNetwork {
  const parts = readPropertyString(text, 'name');
  return {
    id,
    name: parts['name'] ?? null,
    bridge: parts['bridge'] ?? null,
    hwaddr: parts['hwaddr'] ?? null,
    ip: parts['ip'] ?? null,
    gateway: parts['gw'] ?? null,
    ip6: parts['ip6'] ?? null,
    gateway6: parts['gw6'] ?? null,
    vlan: readNumber(parts['tag']),
    firewall: parts['firewall'] === '1',
  };
}
