import { guestTarget } from '../domain/guest.ts';
import type { Mutation } from '../domain/mutation.ts';
import { mutate } from './mutate.ts';
import { printPropertyString } from './property-string.ts';

/** A file system of its own besides the root. */
export interface NewMountPoint {
  readonly path: string;
  readonly sizeGib: number;
  readonly storage: string;
  readonly backup: boolean;
}

export interface NewContainer {
  readonly node: string;
  readonly vmid: number;
  /** Volid of a container template. */
  readonly ostemplate: string;
  readonly hostname: string;
  readonly cores: number;
  readonly memoryMib: number;
  readonly swapMib: number;
  readonly storage: string;
  readonly rootfsGib: number;
  readonly mountPoints: readonly NewMountPoint[];
  /** Undefined makes a container without a network. */
  readonly network: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  readonly nameserver: string | undefined;
  readonly searchdomain: string | undefined;
  readonly password: string | undefined;
  readonly sshPublicKeys: string | undefined;
  readonly unprivileged: boolean;
  readonly nesting: boolean;
  readonly onboot: boolean;
  readonly start: boolean;
  readonly protection: boolean;
  readonly tags: readonly string[];
  readonly pool: string | undefined;
  readonly description: string | undefined;
}

/** Creates a container from a template. @see pve-container PVE/API2/LXC.pm, create_vm */
export function createContainerOn(wanted: NewContainer): Mutation {
  const { node, vmid, storage } = wanted;
  const mountPoints = wanted.mountPoints.map(({ path, sizeGib, storage: on, backup }, index) => [
    `mp${index}`,
    printPropertyString({ volume: `${on}:${sizeGib}`, mp: path, backup: backup || undefined }, 'volume'),
  ]);
  return mutate(
    'POST',
    '/nodes/{node}/lxc',
    { node },
    {
      node,
      targets: [guestTarget(vmid)],
      task: { types: ['vzcreate'], id: String(vmid) },
      params: {
        vmid,
        ostemplate: wanted.ostemplate,
        hostname: wanted.hostname,
        cores: wanted.cores,
        memory: wanted.memoryMib,
        swap: wanted.swapMib,
        storage,
        rootfs: `${storage}:${wanted.rootfsGib}`,
        ...Object.fromEntries(mountPoints),
        net0: wanted.network && printPropertyString(wanted.network),
        nameserver: wanted.nameserver,
        searchdomain: wanted.searchdomain,
        password: wanted.password,
        'ssh-public-keys': wanted.sshPublicKeys,
        unprivileged: wanted.unprivileged,
        features: wanted.nesting ? 'nesting=1' : undefined,
        onboot: wanted.onboot,
        start: wanted.start || undefined,
        protection: wanted.protection || undefined,
        tags: wanted.tags.length === 0 ? undefined : wanted.tags.join(';'),
        pool: wanted.pool,
        description: wanted.description,
      },
      secretParams: ['password', 'ssh-public-keys'],
    },
  );
}
