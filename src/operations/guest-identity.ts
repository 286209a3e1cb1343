import type { GuestType } from '../domain/guest.ts';
import type { GuestConfig } from '../proxmox/guest-config.ts';
import { readText } from '../proxmox/lenient.ts';
import { guestDisks } from './guest-disks.ts';
import { readPropertyString } from '../proxmox/property-string.ts';

/** What tells a guest from another one under the same id. */
export interface GuestIdentity {
  /** Holds until the guest is replaced, restored or rolled back. */
  readonly lasting: string;
  /** Changes with every change of a container's configuration too; for a VM the same as `lasting`. */
  readonly exact: string;
}

/**
 * A VM has ids of its own that Proxmox makes anew with every create, clone, restore and rollback. A container has none: its
 * root volume and the digest of its configuration stand for it.
 */
export function identityOf(type: GuestType, config: GuestConfig): GuestIdentity {
  const { digest, options } = config;
  const ctime = readPropertyString(readText(options['meta']) ?? '', 'creation')['ctime'];
  if (type === 'qemu') {
    const uuid = readPropertyString(readText(options['smbios1']) ?? '', 'uuid')['uuid'];
    const own = spell({ vmgenid: readText(options['vmgenid']), smbios: uuid, ctime });
    if (own !== '') return { lasting: own, exact: own };
    // A VM from before it had ids of its own: its disks and its first network card stand for it.
    const disks = guestDisks(type, config).map(({ volume }) => volume);
    const mac = /\b(?:[\da-f]{2}:){5}[\da-f]{2}\b/i.exec(readText(options['net0']) ?? '')?.[0];
    const lasting = spell({ disks: disks.join(','), hwaddr: mac });
    return { lasting, exact: spell({ disks: disks.join(','), hwaddr: mac, digest }) };
  }
  const root = readPropertyString(readText(options['rootfs']) ?? '', 'volume')['volume'];
  const hardware = readPropertyString(readText(options['net0']) ?? '', 'name')['hwaddr'];
  const lasting = spell({ rootfs: root, hwaddr: hardware });
  return { lasting, exact: spell({ rootfs: root, hwaddr: hardware, digest }) };
}

function spell(parts: Readonly<Record<string, string | null | undefined>>): string {
  return Object.entries(parts)
    .filter((part): part is [string, string] => typeof part[1] === 'string' && part[1] !== '')
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}
