import { guestDisks, type GuestDisk } from '../guest-disks.ts';
import { assertUnlocked } from '../guest-lock.ts';
import { assertNoLinkedClones } from '../linked-clones.ts';
import { guestLabel, type GuestType } from '../../domain/guest.ts';
import { OperationError } from '../../domain/operation-error.ts';
import type { ChosenStorage } from '../../proxmox/choose-storage.ts';
import type { GuestStatus } from '../../proxmox/guest-status.ts';
import { readFlag } from '../../proxmox/lenient.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import type { BackedUpDisk } from './backup-config.ts';

/** A guest that a restore replaces, and the disks that it loses. */
export interface ReplacedGuest {
  readonly guest: GuestStatus;
  readonly disks: readonly GuestDisk[];
}

/**
 * The guest that a restore would replace; undefined when the id is free.
 * @throws OperationError `conflict` when it must not be replaced, or not like this
 */
export async function guestToReplace(
  pve: ProxmoxReader,
  vmid: number,
  type: GuestType,
  overwrite: boolean,
): Promise<ReplacedGuest | undefined> {
  if (await pve.isVmidFree(vmid)) return undefined;
  const existing = await pve.locate(vmid);
  const label = `${guestLabel(existing.type, vmid)} on ${existing.node}`;
  const refuse = (message: string, hint: string): OperationError =>
    new OperationError('conflict', message, { hint, details: { field: 'vmid', vmid } });
  if (existing.type !== type) {
    throw refuse(
      `${label} cannot be replaced by a backup of a ${type === 'qemu' ? 'VM' : 'container'}.`,
      'Choose another vmid, or leave it out to get a free one.',
    );
  }
  if (!overwrite) {
    throw refuse(
      `The id ${vmid} is used by ${label}.`,
      'Leave vmid out to restore beside it, or repeat with overwrite=true to replace it and lose its disks.',
    );
  }
  const guest = await pve.guestStatus(type, vmid, existing.node);
  if (guest.status === 'running') throw refuse(`${label} is running, so it is not replaced.`, 'Stop it first.');
  assertUnlocked(guest, 'vmid');
  const config = await pve.guestConfig(guest);
  if (readFlag(config.options['protection'])) {
    throw refuse(`${label} is protected.`, 'A person has to take the protection off in Proxmox VE.');
  }
  const disks = guestDisks(type, config);
  if (guest.template) await assertNoLinkedClones(pve, guest, disks);
  return { guest, disks };
}

/**
 * Where the disks go. A VM may keep the storages of its backup (undefined), if the node has them all; Proxmox puts a
 * container on `local` unless told otherwise, so for one a storage is always chosen: its old one before any other.
 */
export async function storageForRestore(
  pve: ProxmoxReader,
  wanted: {
    readonly node: string;
    readonly type: GuestType;
    readonly storage: string | undefined;
    readonly disks: readonly BackedUpDisk[];
  },
): Promise<ChosenStorage | undefined> {
  const { node, type, disks } = wanted;
  const content = type === 'qemu' ? 'images' : 'rootdir';
  if (wanted.storage !== undefined) return pve.chooseStorage({ node, content, storage: wanted.storage });
  const old = [...new Set(disks.map(({ storage }) => storage))];
  if (type === 'qemu') {
    for (const storage of old)
      await pve.chooseStorage({ node, content, storage }).catch((error: unknown) => Promise.reject(withNamedStorage(error, storage, node)));
    return undefined;
  }
  const root = disks.find(({ disk }) => disk === 'rootfs')?.storage;
  const kept = root === undefined ? undefined : await pve.chooseStorage({ node, content, storage: root }).catch(ifUnusable);
  if (kept) return { ...kept, reason: 'where the container was' };
  return pve.chooseStorage({ node, content, neededBytes: disks.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0) });
}

function ifUnusable(error: unknown): undefined {
  if (error instanceof OperationError && ['conflict', 'not_found', 'missing_privilege'].includes(error.code)) return undefined;
  throw error;
}

function withNamedStorage(error: unknown, storage: string, node: string): unknown {
  if (!(error instanceof OperationError)) return error;
  return new OperationError(
    error.code,
    `The backup has disks for storage ${storage}, which cannot take them on node ${node}: ${error.message}`,
    {
      hint: 'Name storage to put all disks there.',
      details: { ...error.details, field: 'storage' },
      cause: error,
    },
  );
}
