import { guestTarget, type GuestType } from '../domain/guest.ts';
import type { Mutation } from '../domain/mutation.ts';
import { parseVolid } from '../domain/volid.ts';
import type { ProxmoxApi } from './api.ts';
import { readRecord, readText } from './lenient.ts';
import { mutate } from './mutate.ts';
import { route } from './route.ts';
import { volumeTarget } from './storage-content.ts';

/** @see pve-guest-common PVE/VZDump/Common.pm, $confdesc */
export const BACKUP_MODES = ['snapshot', 'suspend', 'stop'] as const;
export const BACKUP_COMPRESSIONS = ['0', '1', 'gzip', 'lzo', 'zstd'] as const;

/** Whose backup a volid names; null where its name does not say (a renamed file). */
export interface BackupOwner {
  readonly type: GuestType | null;
  readonly vmid: number | null;
}

/** @see pve-storage PVE/Storage/Plugin.pm and PBSPlugin.pm, parse_volname */
export function backupOwner(volid: string): BackupOwner {
  const volume = parseVolid(volid)?.volume ?? '';
  const [, kind, id] = /^backup\/vzdump-(qemu|lxc|openvz)-(\d+)-./.exec(volume) ?? /^backup\/(vm|ct)\/(\d+)\//.exec(volume) ?? [];
  if (kind === undefined) return { type: null, vmid: null };
  return { type: kind === 'qemu' || kind === 'vm' ? 'qemu' : 'lxc', vmid: Number(id) };
}

/** Reads about single backups. @see pve-manager PVE/API2/VZDump.pm, pve-storage PVE/API2/Storage/Content.pm */
export function backupReads(api: ProxmoxApi) {
  return {
    /** The configuration of the guest inside a backup: `option: value` per line, notes as `#` lines. */
    async backupConfig(node: string, volid: string): Promise<string> {
      const { data } = await api.read(route('/nodes/{node}/vzdump/extractconfig', { node }), {
        params: { volume: volid },
        timeoutMs: 20_000,
      });
      return readText(data) ?? '';
    },
    /** All lines of the notes of a backup; lists show the first one only. */
    async backupNotes(node: string, storage: string, volid: string): Promise<string> {
      const { data } = await api.read(route('/nodes/{node}/storage/{storage}/content/{volume}', { node, storage, volume: volid }));
      return readText(readRecord(data)['notes']) ?? '';
    },
  };
}

export interface NewBackup {
  readonly node: string;
  readonly vmid: number;
  readonly storage: string;
  readonly mode: (typeof BACKUP_MODES)[number];
  readonly compress: (typeof BACKUP_COMPRESSIONS)[number];
  /** May hold `{{guestname}}`, `{{node}}`, `{{vmid}}`, `{{cluster}}`. */
  readonly notes: string;
  readonly protected: boolean;
  /** Let the retention of the storage remove older backups of the guest. */
  readonly prune: boolean;
}

/**
 * Backs up one guest. On a node where the guest is not, Proxmox answers the text `OK` and does nothing.
 * @see pve-manager PVE/API2/VZDump.pm, vzdump
 */
export function backUpGuest(wanted: NewBackup): Mutation {
  const { node, vmid } = wanted;
  return mutate(
    'POST',
    '/nodes/{node}/vzdump',
    { node },
    {
      node,
      targets: [guestTarget(vmid)],
      task: { types: ['vzdump'], id: String(vmid) },
      params: {
        vmid,
        storage: wanted.storage,
        mode: wanted.mode,
        compress: wanted.compress,
        remove: wanted.prune,
        'notes-template': escapeNotes(wanted.notes),
        protected: wanted.protected || undefined,
      },
    },
  );
}

/** Characters that the notes of a new backup may have, escaped. @see pve-guest-common PVE/VZDump/Common.pm, notes-template */
export const MAX_NOTES = 1024;

/** How notes are sent: in one line. @see pve-manager PVE/VZDump.pm, $generate_notes */
export function escapeNotes(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll(/\r?\n/g, '\\n');
}

export interface Restore {
  readonly type: GuestType;
  readonly node: string;
  readonly vmid: number;
  readonly volid: string;
  /** For all its disks; undefined keeps those of the backup, which only VMs can. */
  readonly storage: string | undefined;
  /** New MAC addresses and identities. */
  readonly unique: boolean;
  /** Replaces the guest that has the id now. */
  readonly overwrite: boolean;
  readonly start: boolean;
}

/** Restores a backup. @see qemu-server PVE/API2/Qemu.pm and pve-container PVE/API2/LXC.pm, create_vm */
export function restoreGuest(wanted: Restore): Mutation {
  const { type, node, vmid, volid } = wanted;
  const source = type === 'qemu' ? { archive: volid } : { ostemplate: volid, restore: true };
  return mutate(
    'POST',
    `/nodes/{node}/${type}`,
    { node },
    {
      node,
      targets: [guestTarget(vmid), volumeTarget(volid)],
      task: { types: [type === 'qemu' ? 'qmrestore' : 'vzrestore'], id: String(vmid) },
      repeat: wanted.overwrite ? 'destructive' : 'create-once',
      params: {
        vmid,
        ...source,
        storage: wanted.storage,
        unique: wanted.unique || undefined,
        force: wanted.overwrite || undefined,
        start: wanted.start || undefined,
      },
    },
  );
}

/** Removes a backup with its notes and log. Success is also reported for one that is already gone. */
export function deleteBackupAt(node: string, volid: string): Mutation {
  const storage = parseVolid(volid)?.storage ?? '';
  const { vmid } = backupOwner(volid);
  return mutate(
    'DELETE',
    '/nodes/{node}/storage/{storage}/content/{volume}',
    { node, storage, volume: volid },
    { node, targets: [volumeTarget(volid)], task: { types: ['imgdel'], id: vmid === null ? storage : `${vmid}@${storage}` } },
  );
}
