import { z } from 'zod';
import { guestLabel } from '../../domain/guest.ts';
import { formatBytes } from '../../domain/units.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { backupOwner } from '../../proxmox/backups.ts';
import type { FoundVolume } from '../../proxmox/content-search.ts';
import { withoutJobMarker } from '../job-marker.ts';
import { isoTime } from '../times.ts';

export const backupRow = z.object({
  volid: z.string(),
  vmid: z.int().nullable(),
  vm_type: z.enum(['qemu', 'lxc']).nullable(),
  guest: z.string().nullable().describe('Name of the guest that has this id now.'),
  created_at: z.string().nullable(),
  size_bytes: z.number().nullable(),
  format: z.string().nullable(),
  storage: z.string(),
  nodes: z.array(z.string()).describe('From where it can be restored.'),
  notes: z.string().nullable(),
  protected: z.boolean(),
  encrypted: z.boolean(),
  verification: z.string().nullable().describe('Proxmox Backup Server: ok, failed.'),
});
export type BackupRow = z.output<typeof backupRow>;

/** Id of the guest that was backed up, by what the storage says or else by the name of the file. */
export function ownerId({ vmid, volid }: FoundVolume): number | null {
  return vmid ?? backupOwner(volid).vmid;
}

/** Kind of the guest that was backed up. */
export function ownerType({ subtype, volid }: FoundVolume): BackupRow['vm_type'] {
  return subtype === 'qemu' || subtype === 'lxc' ? subtype : backupOwner(volid).type;
}

/** Notes without what this product wrote into them for itself. */
export function shownNotes({ notes }: FoundVolume): string | null {
  return notes === null ? null : withoutJobMarker(notes);
}

/** One backup; `guestNames` are those of the guests that exist now. */
export function rowOfBackup(volume: FoundVolume, guestNames: ReadonlyMap<number, string | null>): BackupRow {
  const vmid = ownerId(volume);
  return {
    volid: volume.volid,
    vmid,
    vm_type: ownerType(volume),
    guest: vmid === null ? null : (guestNames.get(vmid) ?? null),
    created_at: isoTime(volume.createdSeconds),
    size_bytes: volume.sizeBytes,
    format: volume.format,
    storage: volume.storage,
    nodes: [...volume.nodes],
    notes: shownNotes(volume),
    protected: volume.protected,
    encrypted: volume.encrypted,
    verification: volume.verification,
  };
}

/** `2026-11-22T06:37:05Z CT 201 dns, 55.8 MiB, protected, "nightly", nfs-backup:backup/vzdump-…`. */
export function lineOfBackup(row: BackupRow): string {
  const owner = row.vmid === null ? 'guest unknown' : row.vm_type === null ? `guest ${row.vmid}` : guestLabel(row.vm_type, row.vmid);
  return [
    `${row.created_at ?? 'time unknown'} ${owner}${row.guest === null ? '' : ` ${showUntrusted(row.guest)}`}`,
    formatBytes(row.size_bytes),
    ...(row.protected ? ['protected'] : []),
    ...(row.encrypted ? ['encrypted'] : []),
    ...(row.verification === null ? [] : [`verification ${showUntrusted(row.verification)}`]),
    ...(row.notes === null || row.notes === '' ? [] : [showUntrusted(row.notes)]),
    row.nodes.length === 1 ? `on ${row.nodes[0]}` : 'shared',
    showUntrusted(row.volid, 400),
  ].join(', ');
}
