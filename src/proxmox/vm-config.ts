import { readDiskSize } from './disk-size.ts';
import type { GuestConfig } from './guest-config.ts';
import { readFlag, readText } from './lenient.ts';
import { readPropertyString } from './property-string.ts';

/** A disk or CD-ROM of a VM. */
export interface Drive {
  /** Option name: `scsi0`, `ide2`, `efidisk0`. */
  readonly key: string;
  /** `none` for an empty CD-ROM. */
  readonly volid: string;
  /** Null for what lies on no storage (an empty CD-ROM, a device of the node). */
  readonly storage: string | null;
  /** Null where the configuration does not say. */
  readonly sizeBytes: number | null;
  readonly isCdrom: boolean;
  /** False where it is kept out of backups. */
  readonly isBackedUp: boolean;
}

/** The configuration of a VM, as far as operations decide by it. @see qemu-server PVE/QemuServer.pm, $confdesc */
export interface VmConfig {
  readonly name: string | null;
  /** Notes; text of its owner. */
  readonly description: string;
  readonly protection: boolean;
  readonly template: boolean;
  readonly drives: readonly Drive[];
  /** New with every create, clone, restore and rollback: tells a guest from another that took its id. */
  readonly vmgenid: string | null;
}

const DRIVE_KEY = /^(?:scsi|virtio|sata|ide)\d+$|^efidisk0$|^tpmstate0$/;

export function readVmConfig({ options }: GuestConfig): VmConfig {
  return {
    name: readText(options['name']),
    description: (readText(options['description']) ?? '').trimEnd(),
    protection: readFlag(options['protection']),
    template: readFlag(options['template']),
    drives: Object.keys(options)
      .filter((key) => DRIVE_KEY.test(key))
      .toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))
      .map((key) => readDrive(key, String(options[key]))),
    vmgenid: readText(options['vmgenid']),
  };
}

function readDrive(key: string, text: string): Drive {
  const parts = readPropertyString(text, 'file');
  const volid = parts['file'] ?? parts['volume'] ?? '';
  const [, storage] = /^([a-zA-Z][a-zA-Z0-9\-_.]*):/.exec(volid) ?? [];
  return {
    key,
    volid,
    storage: storage ?? null,
    sizeBytes: readDiskSize(parts['size']),
    isCdrom: parts['media'] === 'cdrom',
    isBackedUp: parts['backup'] !== '0',
  };
}
