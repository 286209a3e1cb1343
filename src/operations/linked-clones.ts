import type { GuestType } from '../domain/guest.ts';
import { OperationError } from '../domain/operation-error.ts';
import { parseVolid } from '../domain/volid.ts';
import type { GuestPlace } from '../proxmox/snapshots.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';
import type { GuestDisk } from './guest-disks.ts';

const WITHIN_MS = 5000;
const CONTENT: Readonly<Record<GuestType, 'images' | 'rootdir'>> = { qemu: 'images', lxc: 'rootdir' };

/**
 * Proxmox refuses to destroy a template whose disks others are made of. Linked clones name the disk that they stand on; those
 * on LVM-thin stand alone. What cannot be read is left to Proxmox.
 * @throws OperationError `conflict` that names the clones
 */
export async function assertNoLinkedClones(
  pve: ProxmoxReader,
  { type, node, vmid }: GuestPlace,
  disks: readonly GuestDisk[],
): Promise<void> {
  const storages = new Set(disks.flatMap(({ volume }) => parseVolid(volume)?.storage ?? []));
  const listed = await Promise.all(
    [...storages].map((storage) =>
      pve.storageContent({ node, storage, content: CONTENT[type], timeoutMs: WITHIN_MS }).catch((error: unknown) => {
        if (error instanceof OperationError) return [];
        throw error;
      }),
    ),
  );
  const clones = listed.flat().filter(({ volid }) => disks.some(({ volume }) => volid.startsWith(`${volume}/`)));
  if (clones.length === 0) return;
  const ids = [...new Set(clones.map((clone) => clone.vmid ?? 0))].toSorted((a, b) => a - b);
  throw new OperationError('conflict', `Template ${vmid} is what the disks of its linked clones stand on: ${ids.join(', ')}.`, {
    hint: 'Delete those first, or keep the template.',
    details: { vmid, linked_clones: ids },
  });
}
