import { OperationError } from '../../domain/operation-error.ts';
import type { NewDisk } from '../../proxmox/new-vm.ts';
import type { NewVmInput } from './new-vm-input.ts';

const DEFAULT_DISK_GIB = 32;
/** Proxmox has six ports of SATA; the last one is for a CD-ROM. Of the other kinds it has more than disks can be asked for. */
const SATA_DISKS = 5;

export interface WantedDisk extends Omit<NewDisk, 'storage' | 'sizeGib' | 'iothread'> {
  readonly storage: string | undefined;
  /** Undefined: an imported disk stays as large as it is. */
  readonly sizeGib: number | undefined;
  /** What stands before the names of its arguments: `disks.1.`, or nothing for the single disk. */
  readonly prefix: string;
}

const invalid = (message: string, hint: string, field: string): OperationError =>
  new OperationError('invalid_input', message, { hint, details: { field } });

/** The disks an input asks for, boot disk first. @throws OperationError `invalid_input` for what contradicts itself or Proxmox */
export function wantedDisks(input: NewVmInput): readonly WantedDisk[] {
  const { disks, disk_size, import_from } = input;
  if (disks === undefined) {
    const sizeGib = disk_size ?? (import_from === undefined ? DEFAULT_DISK_GIB : undefined);
    return [{ bus: 'scsi', storage: undefined, sizeGib, importFrom: import_from, prefix: '' }];
  }
  if (disk_size !== undefined || import_from !== undefined) {
    throw invalid(
      'Both disks and a single disk (disk_size, import_from) are given.',
      'Give all disks in disks, or one by disk_size and import_from.',
      'disks',
    );
  }
  const onSata = disks.filter(({ bus }) => bus === 'sata').length;
  if (onSata > SATA_DISKS) throw invalid(`${onSata} disks are on SATA, which has room for ${SATA_DISKS}.`, 'Use bus=scsi.', 'disks');
  return disks.map(({ size, import_from: importFrom, storage, ssd, ...rest }, index) => {
    const prefix = `disks.${index}.`;
    if (size === undefined && importFrom === undefined) {
      throw invalid(`Disk ${index} has neither a size nor an image to import.`, 'Give size in GiB, or import_from.', `disks.${index}`);
    }
    if (ssd === true && rest.bus === 'virtio') {
      throw invalid('A disk on the bus virtio cannot pass for an SSD.', 'Use bus=scsi, or leave ssd out.', `${prefix}ssd`);
    }
    return { ...rest, ssd: ssd || undefined, storage, sizeGib: size, importFrom, prefix };
  });
}
