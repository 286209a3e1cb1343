import { OperationError } from '../../domain/operation-error.ts';
import type { ChosenStorage } from '../../proxmox/choose-storage.ts';
import type { NewDisk } from '../../proxmox/new-vm.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { ofField } from '../of-field.ts';
import type { WantedDisk } from './new-vm-disks.ts';

const GIB = 2 ** 30;
/** Types of storage that know no formats. @see pve-storage PVE/Storage/*Plugin.pm, plugindata */
const RAW_ONLY: ReadonlySet<string | null> = new Set(['lvmthin', 'zfspool', 'zfs', 'rbd', 'iscsi', 'iscsidirect']);

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
  const content = 'images';
  /** The argument that named each storage. */
  const fields = new Map(wanted.flatMap((disk) => (disk.storage === undefined ? [] : [[disk.storage, `${disk.prefix}storage`] as const])));
  if (storage !== undefined) fields.set(storage, 'storage');
  const named = await Promise.all(
    [...fields].map(([name, field]) =>
      pve.chooseStorage({ node, content, storage: name }).catch((error: unknown) => Promise.reject(ofField(error, field))),
    ),
  );
  const open = wanted.filter((disk) => disk.storage === undefined && storage === undefined);
  const mustChoose = open.length > 0 || (needsOne && named.length === 0);
  const neededBytes = open.reduce((sum, disk) => sum + (disk.sizeGib ?? 0) * GIB, 0);
  const chosen = mustChoose ? await pve.chooseStorage({ node, content, neededBytes }) : undefined;
  const known = new Map([...named, ...(chosen === undefined ? [] : [chosen])].map((one) => [one.storage, one]));
  const disks = wanted.map(({ sizeGib = 0, prefix, ...disk }): NewDisk => {
    const on = disk.storage ?? storage ?? chosen?.storage ?? '';
    assertFormat(known.get(on), disk.format, `${prefix}format`);
    return { ...disk, sizeGib, storage: on, iothread: disk.bus === 'sata' ? undefined : true };
  });
  return { disks, main: disks[0]?.storage ?? storage ?? chosen?.storage, reason: chosen?.reason ?? null };
}

/** @throws OperationError `conflict` for a format that Proxmox would refuse inside the task */
function assertFormat(on: ChosenStorage | undefined, format: string | undefined, field: string): void {
  if (on === undefined || format === undefined || format === 'raw' || !RAW_ONLY.has(on.type)) return;
  throw new OperationError('conflict', `Storage ${on.storage} (${on.type}) has no ${format} files: its disks are raw.`, {
    hint: 'Leave format out, or name a storage of files.',
    details: { field, storage: on.storage },
  });
}
