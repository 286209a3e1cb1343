import { z } from 'zod';
import { formatBytes } from '../../domain/units.ts';
import { flatMapInSlices } from '../../proxmox/in-slices.ts';
import type { FoundVolume } from '../../proxmox/content-search.ts';
import { defineQuery } from '../define.ts';
import { node, storage, vmid } from '../inputs.ts';
import { newestPage } from './newest-page.ts';
import { partial, whyPartial } from '../partial-list.ts';
import { lineOfUnavailable, rowOfUnavailable, unavailableRow } from '../unavailable-storage.ts';
import { backupRow, lineOfBackup, ownerId, ownerType, rowOfBackup, shownNotes } from './backup-row.ts';

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

const output = z.object({
  backups: z.array(backupRow),
  total: z.int().describe('Backups that match.'),
  total_bytes: z.number().describe('Their size.'),
  next_after: z.int().nullable().describe('Pass as after for the next page; null on the last.'),
  unavailable: z.array(unavailableRow).describe('Storages that could not be read.'),
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
    const fits = fitsWanted(wanted);
    const matching = fits ? await flatMapInSlices(volumes, (volume) => (fits(volume) ? [volume] : [])) : volumes;
    const page = newestPage(matching, wanted.after, wanted.limit);
    const owners = new Set(page.map(ownerId));
    const names = new Map(guests.filter((guest) => owners.has(guest.vmid)).map((guest) => [guest.vmid, guest.name]));
    const end = wanted.after + wanted.limit;
    return {
      backups: page.map((volume) => rowOfBackup(volume, names)),
      total: matching.length,
      total_bytes: matching.reduce((sum, volume) => sum + (volume.sizeBytes ?? 0), 0),
      next_after: matching.length > end ? end : null,
      unavailable: unavailable.map(rowOfUnavailable),
      partial: volumes.length === 0 ? await whyPartial(pve, NEEDED) : null,
    };
  },
});

/** Undefined where every backup fits. */
function fitsWanted({ vmid: id, vm_type: type, protected: kept, notes }: z.output<typeof input>) {
  const text = notes?.toLowerCase();
  if (id === undefined && type === undefined && kept === undefined && text === undefined) return undefined;
  return (volume: FoundVolume): boolean =>
    (id === undefined || ownerId(volume) === id) &&
    (type === undefined || ownerType(volume) === type) &&
    (kept === undefined || volume.protected === kept) &&
    (text === undefined || (shownNotes(volume)?.toLowerCase().includes(text) ?? false));
}

function textOf(page: z.output<typeof output>): string {
  const { backups, total, unavailable } = page;
  return [
    `${total} backup${total === 1 ? '' : 's'}, ${formatBytes(page.total_bytes)}`,
    ...backups.map(lineOfBackup),
    ...(page.next_after === null ? [] : [`${backups.length} of ${total} shown; next page: after=${page.next_after}`]),
    ...unavailable.map(lineOfUnavailable),
    ...(page.partial === null ? [] : [page.partial]),
  ].join('\n');
}
