import { OperationError } from '../../domain/operation-error.ts';
import type { NewDisk } from '../../proxmox/new-vm.ts';
import type { NewVmInput } from './new-vm-input.ts';

const DEFAULT_DISK_GIB = 32;

export interface WantedDisk extends Omit<NewDisk, 'storage' | 'sizeGib' | 'iothread'> {
  readonly storage: string | undefined;
  /** Undefined: an imported disk stays as large as it is. */
  readonly sizeGib: number | undefined;
}

/** The disks an input asks for, boot disk first. @throws OperationError `invalid_input` for two ways of saying it at once */
export function wantedDisks(input: NewVmInput): readonly WantedDisk[] {
  const { disks, disk_size, import_from } = input;
  if (disks === undefined) {
    const sizeGib = disk_size ?? (import_from === undefined ? DEFAULT_DISK_GIB : undefined);
    return [{ bus: 'scsi', storage: undefined, sizeGib, importFrom: import_from }];
  }
  if (disk_size !== undefined || import_from !== undefined) {
    throw new OperationError('invalid_input', 'Both disks and a single disk (disk_size, import_from) are given.', {
      hint: 'Give all disks in disks, or one by disk_size and import_from.',
      details: { field: 'disks' },
    });
  }
  return disks.map(({ size, import_from: importFrom, storage, ...rest }, index) => {
    if (size === undefined && importFrom === undefined) {
      throw new OperationError('invalid_input', `Disk ${index} has neither a size nor an image to import.`, {
        hint: 'Give size in GiB, or import_from.',
        details: { field: `disks.${index}` },
      });
    }
    return { ...rest, storage, sizeGib: size, importFrom };
  });
}
