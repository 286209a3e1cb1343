import type { NewDisk } from '../../proxmox/new-vm.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import type { WantedDisk } from './new-vm-disks.ts';

const GIB = 2 ** 30;

export interface PlacedDisks {
  readonly disks: readonly NewDisk[];
  /** Where the small volumes go (EFI variables, TPM state, cloud-init); undefined when there is no disk and none was asked for. */
  readonly main: string | undefined;
  /** Why the storage was chosen, for people; null when the caller named it. */
  readonly reason: string | null;
}

/**
 * Puts every disk on a storage of the node that can hold it; those without a storage of their own share the one with the
 * most free space.
 * @throws OperationError `conflict`, `not_found`
 */
export async function placeDisks(
  pve: ProxmoxReader,
  node: string,
  wanted: readonly WantedDisk[],
  { storage, needsOne }: { readonly storage: string | undefined; readonly needsOne: boolean },
): Promise<PlacedDisks> {
  const named = [...new Set([...wanted.flatMap((disk) => disk.storage ?? storage ?? []), ...(storage === undefined ? [] : [storage])])];
  await Promise.all(named.map((name) => pve.chooseStorage({ node, content: 'images', storage: name })));
  const open = wanted.filter((disk) => disk.storage === undefined && storage === undefined);
  const mustChoose = open.length > 0 || (needsOne && named.length === 0);
  const neededBytes = open.reduce((sum, disk) => sum + (disk.sizeGib ?? 0) * GIB, 0);
  const chosen = mustChoose ? await pve.chooseStorage({ node, content: 'images', neededBytes }) : undefined;
  const disks = wanted.map(({ sizeGib = 0, ...disk }): NewDisk => ({
    ...disk,
    sizeGib,
    storage: disk.storage ?? storage ?? chosen?.storage ?? '',
    iothread: disk.bus === 'sata' ? undefined : true,
  }));
  return { disks, main: disks[0]?.storage ?? storage ?? chosen?.storage, reason: chosen?.reason ?? null };
}
