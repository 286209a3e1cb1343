import { OperationError } from '../../domain/operation-error.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { parseVolid } from '../../domain/volid.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { knownVolume } from '../known-volume.ts';

/** @see pve-storage PVE/Storage/Plugin.pm, parse_volname: one level of plain file names, nothing deeper */
const OVA = /^(?<archive>[\w.+-]+:import\/[\w.+=-]+\.ova)(?:\/(?<disk>[\w.+=-]+\.(?:vmdk|qcow2|raw)))?$/;
/** Types of storage that are folders of files, where an archive can be unpacked. */
const FILE_BASED: ReadonlySet<string | null> = new Set(['dir', 'nfs', 'cifs', 'cephfs', 'btrfs']);

/**
 * An image to import: a file of content type import, a disk inside an OVA archive, or the disk of another guest.
 * @param field the argument that named it
 * @returns the archive's own storage where a disk must be unpacked first
 * @throws OperationError `not_found` or `invalid_input` that names what does exist
 */
export async function knownImport(pve: ProxmoxReader, node: string, volid: string, field: string): Promise<string | undefined> {
  const { storage = '', volume = '' } = parseVolid(volid) ?? {};
  const { archive } = OVA.exec(volid)?.groups ?? {};
  if (archive === undefined || storage === '') {
    await knownVolume(pve, node, volid, volume.startsWith('import/') ? 'import' : 'images', field);
    return undefined;
  }
  await knownVolume(pve, node, archive, 'import', field);
  const disks = await pve.ovaDisks(node, storage, archive);
  if (disks.includes(volid)) return storage;
  const isWhole = volid === archive;
  throw new OperationError(
    isWhole ? 'invalid_input' : 'not_found',
    isWhole ? `${volid} is an archive of a whole VM, not a disk.` : `There is no disk ${volid} in the archive.`,
    {
      hint:
        disks.length === 0
          ? 'Proxmox VE finds no disk in it.'
          : `Name one of its disks: ${disks.map((disk) => showUntrusted(disk)).join(', ')}.`,
      details: { field, volid },
    },
  );
}

/**
 * Where disks of archives are unpacked before they are imported: a storage of files that holds images. Undefined where the
 * archives' own will do, which is what Proxmox takes.
 * @throws OperationError `conflict` when the node has none, which Proxmox would refuse
 */
export async function unpackingStorage(pve: ProxmoxReader, node: string, archives: readonly string[]): Promise<string | undefined> {
  if (archives.length === 0) return undefined;
  const fitting = (await pve.storages()).filter(
    (row) => row.node === node && row.status === 'available' && row.content.includes('images') && FILE_BASED.has(row.type),
  );
  if (archives.every((name) => fitting.some(({ storage }) => storage === name))) return undefined;
  const free = ({ totalBytes, usedBytes }: (typeof fitting)[number]): number => (totalBytes ?? 0) - (usedBytes ?? 0);
  const [best] = fitting.toSorted((a, b) => free(b) - free(a));
  if (best !== undefined) return best.storage;
  throw new OperationError('conflict', `Node ${node} has no storage on which the disk of an OVA archive can be unpacked.`, {
    hint: `Allow the content type images on a storage of files, e.g. ${archives[0]}, or unpack the archive and import the disk itself.`,
    details: { node },
  });
}
