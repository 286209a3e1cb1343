import { z } from 'zod';
import { formatBytes } from '../../domain/units.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import { defineQuery } from '../define.ts';
import { node, storage, vmid } from '../inputs.ts';
import { partial, whyPartial } from '../partial-list.ts';
import { backupRow, lineOfBackup, rowOfBackup } from './backup-row.ts';

const input = z.object({
  node: node.optional(),
  storage: storage.optional(),
  vmid: vmid.optional(),
  vm_type: z.enum(['qemu', 'lxc']).optional().describe('Only of VMs or of containers.'),
  protected: z.boolean().optional().describe('Only protected ones, or only the others.'),
  notes: z.string().max(100).optional().describe('Only with notes that contain this.'),
  limit: z.int().min(1).max(1000).default(50).describe('Backups per page, newest first.'),
  after: z.int().min(0).max(1_000_000).default(0).describe('Next page: the next_after of the last one.'),
});

const unavailableRow = z.object({ storage: z.string(), node: z.string(), reason: z.string() });

const output = z.object({
  backups: z.array(backupRow),
  total: z.int().describe('Backups that match.'),
  total_bytes: z.number().describe('Their size.'),
  next_after: z.int().nullable().describe('Pass as after for the next page; null on the last.'),
  unavailable: z.array(unavailableRow).describe('Storages that could not be read; their backups are missing here.'),
  partial,
});

const NEEDED = [
  ['/storage', 'Datastore.AllocateSpace'],
  ['/vms', 'VM.Backup'],
] as const;

export const listBackups = defineQuery({
  name: 'list_backups',
  title: 'List backups',
  description: 'List backups of VMs and containers, newest first, with size, notes, protection, verification.',
  input,
  output,
  permissions: { '/storage': ['Datastore.Audit', 'Datastore.AllocateSpace'], '/vms': ['VM.Backup'] },
  showsGuestText: ({ backups }) => backups.some(({ notes }) => notes !== null && notes !== ''),
  text: textOf,
  async run({ input: wanted, pve }) {
    const [{ volumes, unavailable }, guests] = await Promise.all([
      pve.findContent({ content: 'backup', node: wanted.node, storage: wanted.storage, vmid: wanted.vmid }),
      pve.guests(),
    ]);
    const names = new Map(guests.map((guest) => [guest.vmid, guest.name]));
    const text = wanted.notes?.toLowerCase();
    const matching = volumes
      .map((volume) => rowOfBackup(volume, names))
      .filter(
        (row) =>
          (wanted.vmid === undefined || row.vmid === wanted.vmid) &&
          (wanted.vm_type === undefined || row.vm_type === wanted.vm_type) &&
          (wanted.protected === undefined || row.protected === wanted.protected) &&
          (text === undefined || (row.notes?.toLowerCase().includes(text) ?? false)),
      )
      .toSorted((a, b) => (b.created_at ?? '').localeCompare(a.created_at ?? '') || a.volid.localeCompare(b.volid));
    const end = wanted.after + wanted.limit;
    return {
      backups: matching.slice(wanted.after, end),
      total: matching.length,
      total_bytes: matching.reduce((sum, row) => sum + (row.size_bytes ?? 0), 0),
      next_after: matching.length > end ? end : null,
      unavailable: [...unavailable],
      partial: volumes.length === 0 ? await whyPartial(pve, NEEDED) : null,
    };
  },
});

function textOf(page: z.output<typeof output>): string {
  const { backups, total, unavailable } = page;
  return [
    `${total} backup${total === 1 ? '' : 's'}, ${formatBytes(page.total_bytes)}`,
    ...backups.map(lineOfBackup),
    ...(page.next_after === null ? [] : [`${backups.length} of ${total} shown; next page: after=${page.next_after}`]),
    ...unavailable.map((row) => `Not read: ${row.storage} on ${row.node}: ${showUntrusted(row.reason)}`),
    ...(page.partial === null ? [] : [page.partial]),
  ].join('\n');
}
