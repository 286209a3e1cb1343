import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send } from '../../domain/plan.ts';
import { BACKUP_COMPRESSIONS, BACKUP_MODES, backUpGuest, escapeNotes, MAX_NOTES } from '../../proxmox/backups.ts';
import type { GuestStatus } from '../../proxmox/guest-status.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { defineTask } from '../define.ts';
import { assertUnlocked } from '../guest-lock.ts';
import { guestInput, storage } from '../inputs.ts';
import { hasJobMarker, withJobMarker } from '../job-marker.ts';
import { isSuspendedInstead, leftOut } from './backed-up.ts';

const VARIABLES = ['cluster', 'guestname', 'node', 'vmid'];
/** Newest backups of the guest whose notes are read to recognise one of our own. */
const LOOKED_AT = 5;

const input = guestInput.extend({
  storage: storage.optional().describe('Where to; may be left out where only one storage takes backups.'),
  mode: z.enum(BACKUP_MODES).default('snapshot').describe('suspend, stop: interrupt it.'),
  compress: z.enum(BACKUP_COMPRESSIONS).default('zstd').describe('0 is none, 1 is lzo.'),
  notes: z.string().max(900).optional().describe('Notes; {{guestname}}, {{node}}, {{vmid}} and {{cluster}} are filled in.'),
  protected: z.boolean().default(false).describe('Keep it from being deleted or pruned.'),
  prune: z.boolean().default(false).describe('Then prune as the storage says.'),
});

type Wanted = Partial<z.output<typeof input>>;
const prunes = ({ prune }: Wanted): boolean => prune === true;
const interrupts = ({ mode }: Wanted): boolean => mode === 'suspend' || mode === 'stop';

export const createBackup = defineTask({
  name: 'create_backup',
  title: 'Create backup',
  description: 'Back up a VM or container to a backup storage (vzdump).',
  input,
  risk: 'destroy',
  lesserRisks: [
    { risk: 'change', when: (wanted) => !prunes(wanted) && !interrupts(wanted), told: 'without prune, in mode snapshot' },
    { risk: 'disrupt', when: (wanted) => !prunes(wanted), told: 'without prune, in the other modes' },
  ],
  destroys: 'part',
  loses: 'Older backups of the guest that the retention of the storage does not keep.',
  repeat: 'non-repeatable',
  permissions: { '/vms/{vmid}': ['VM.Audit', 'VM.Backup'], '/storage/{storage}': ['Datastore.AllocateSpace'] },
  summary: (wanted) => `Back up guest ${wanted.vmid}${wanted.storage === undefined ? '' : ` to ${wanted.storage}`}`,
  async run({ input: wanted, pve, jobId }) {
    const guest = await guestOf(pve, wanted);
    assertVariables(wanted.notes ?? '');
    const notes = withJobMarker(wanted.notes ?? '{{guestname}}', jobId);
    assertNotesFit(notes);
    assertUnlocked(guest, 'vmid');
    await pve.assertPrivilege('VM.Backup', [`/vms/${guest.vmid}`]);
    const target = wanted.storage ?? (await onlyBackupStorage(pve, guest.node));
    await pve.chooseStorage({ node: guest.node, content: 'backup', storage: target });
    const mutation = backUpGuest({
      node: guest.node,
      vmid: guest.vmid,
      storage: target,
      mode: wanted.mode,
      compress: wanted.compress,
      notes,
      protected: wanted.protected,
      prune: wanted.prune,
    });
    const config = await pve.guestConfig(guest);
    const isSuspended = wanted.mode === 'snapshot' && (await isSuspendedInstead(pve, guest, config));
    const missing = leftOut(guest, config);
    return send(mutation, {
      vm_type: guest.type,
      guest: guest.name,
      node: guest.node,
      storage: target,
      interrupts_guest: isSuspended || (interrupts(wanted) && guest.status === 'running'),
      ...(isSuspended ? { mode_used: 'suspend, because a disk lies on storage without snapshots' } : {}),
      ...(missing.length === 0 ? {} : { leaves_out: missing }),
    });
  },
  async verify({ input: wanted, pve, jobId }) {
    const guest = await guestOf(pve, wanted);
    const { volumes, unavailable } = await pve.findContent({
      content: 'backup',
      node: guest.node,
      storage: wanted.storage,
      vmid: guest.vmid,
    });
    const newest = volumes
      .filter((volume) => volume.vmid === guest.vmid)
      .toSorted((a, b) => (b.createdSeconds ?? 0) - (a.createdSeconds ?? 0))
      .slice(0, LOOKED_AT);
    for (const { storage: on, volid } of newest) {
      // The notes are written when the archive is whole.
      if (hasJobMarker(await pve.backupNotes(guest.node, on, volid), jobId)) return 'achieved';
    }
    return guest.lock === 'backup' || unavailable.length > 0 ? 'unclear' : 'absent';
  },
});

async function guestOf(pve: ProxmoxReader, { vmid, node }: { vmid: number; node?: string | undefined }): Promise<GuestStatus> {
  const found = await pve.locate(vmid);
  return pve.guestStatus(found.type, vmid, node ?? found.node);
}

/** @throws OperationError `invalid_input` for a variable that Proxmox would refuse */
function assertVariables(notes: string): void {
  const unknown = [...notes.matchAll(/\{\{([^\s{}]+)\}\}/g)].map(([, name = '']) => name).filter((name) => !VARIABLES.includes(name));
  if (unknown.length === 0) return;
  throw new OperationError(
    'invalid_input',
    `notes use ${unknown.map((name) => JSON.stringify(`{{${name}}}`)).join(', ')}, which Proxmox VE cannot fill in.`,
    {
      hint: `It knows ${VARIABLES.map((name) => `{{${name}}}`).join(', ')}.`,
      details: { field: 'notes' },
    },
  );
}

/** Each line break takes two characters on the way. @throws OperationError `invalid_input` for notes that Proxmox would refuse */
function assertNotesFit(notes: string): void {
  const excess = escapeNotes(notes).length - MAX_NOTES;
  if (excess <= 0) return;
  throw new OperationError('invalid_input', `The notes are ${excess} characters longer than Proxmox VE takes.`, {
    hint: 'Shorten them; line breaks and backslashes count twice.',
    details: { field: 'notes' },
  });
}

/** @throws OperationError `invalid_input` naming the storages when there is a choice */
async function onlyBackupStorage(pve: ProxmoxReader, node: string): Promise<string> {
  const names = (await pve.storages())
    .filter((row) => row.node === node && row.status === 'available' && row.content.includes('backup'))
    .map((row) => row.storage)
    .toSorted();
  const [only, second] = names;
  if (only !== undefined && second === undefined) return only;
  throw new OperationError(
    'invalid_input',
    only === undefined ? `The API token sees no storage on node ${node} that takes backups.` : 'Several storages take backups.',
    {
      hint: only === undefined ? 'Name storage, or enable the content type backup on one.' : `Name one: ${names.join(', ')}.`,
      details: { field: 'storage', storages: names },
    },
  );
}
