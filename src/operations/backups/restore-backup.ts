import { z } from 'zod';
import type { GuestType } from '../../domain/guest.ts';
import { OperationError } from '../../domain/operation-error.ts';
import { send } from '../../domain/plan.ts';
import { backupOwner, restoreGuest } from '../../proxmox/backups.ts';
import type { FoundVolume } from '../../proxmox/content-search.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { defineTask } from '../define.ts';
import { node, storage, vmid } from '../inputs.ts';
import { isoTime } from '../times.ts';
import { backedUpBridges, backedUpDisks } from './backup-config.ts';
import { findBackup, nodeFor } from './find-backup.ts';
import { lastBackup } from '../last-backup.ts';
import { guestToReplace, storageForRestore, type ReplacedGuest } from './target-of-restore.ts';

export const restoreBackup = defineTask({
  name: 'restore_backup',
  title: 'Restore backup',
  description: 'Restore a VM or container from a backup as a new guest, or over a stopped one.',
  input: z.object({
    archive: z.string().min(1).max(400).describe('Volid of the backup.'),
    node: node.optional().describe('Target; must see the backup.'),
    vmid: vmid.optional().describe('Its id; a free one when left out.'),
    storage: storage.optional().describe('For its disks; where they were when left out.'),
    unique: z.boolean().optional().describe('New MAC addresses; default unless overwrite.'),
    overwrite: z.boolean().default(false).describe('Replace the guest.'),
    start: z.boolean().default(false).describe('Start it afterwards.'),
  }),
  risk: 'destroy',
  // A guest that comes under the id meanwhile is safe: without overwrite Proxmox itself refuses.
  lesserRisks: [{ risk: 'change', when: ({ overwrite }) => overwrite !== true, told: 'without overwrite' }],
  takesToken: true,
  repeat: 'create-once',
  loses: 'The guest that has the id now, with all its disks.',
  permissions: {
    '/vms': ['VM.Allocate', 'VM.Backup'],
    '/storage': ['Datastore.Audit', 'Datastore.AllocateSpace'],
    '/sdn/zones/localnetwork': ['SDN.Use'],
  },
  summary: (wanted) => `Restore ${wanted.archive} to ${wanted.vmid === undefined ? 'a free id' : `guest ${wanted.vmid}`}`,
  /** The id is settled before the job is recorded, so that no two jobs restore to the same one. */
  each: async ({ input, pve, taken }) => [input.overwrite ? input : { ...input, vmid: input.vmid ?? (await pve.freeVmid(taken)) }],
  async run({ input: wanted, pve, planned }) {
    if (wanted.overwrite && wanted.vmid === undefined) {
      throw new OperationError('invalid_input', 'overwrite needs the vmid of the guest to replace.', {
        hint: 'Give vmid as well.',
        details: { field: 'vmid' },
      });
    }
    const backup = await findFrom(pve, wanted.archive, wanted.node);
    const type = typeOf(backup);
    const replaced = wanted.vmid === undefined ? undefined : await guestToReplace(pve, wanted.vmid, type, wanted.overwrite);
    const on = await targetNode(pve, backup, wanted.node, replaced?.guest.node);
    const config = await configOf(pve, on, backup.volid);
    const disks = backedUpDisks(config);
    const chosen = await storageForRestore(pve, { node: on, type, storage: wanted.storage, disks });
    const id = wanted.vmid ?? (await pve.freeVmid());
    if (replaced === undefined) await pve.assertPrivilege('VM.Allocate', [`/vms/${id}`]);
    // Proxmox checks this only inside the task.
    for (const path of backedUpBridges(config)) await pve.assertPrivilege('SDN.Use', [path]);
    const mutation = restoreGuest({
      type,
      node: on,
      vmid: id,
      volid: backup.volid,
      storage: chosen?.storage,
      // A guest that takes its own place again is known by its addresses.
      unique: wanted.unique ?? !wanted.overwrite,
      overwrite: replaced !== undefined,
      start: wanted.start,
    });
    return send(mutation, {
      vmid: id,
      vm_type: type,
      node: on,
      storage: chosen?.storage ?? [...new Set(disks.map((disk) => disk.storage))].join(', '),
      ...(chosen?.reason === undefined || chosen.reason === null ? {} : { storage_chosen_because: chosen.reason }),
      backup_created_at: isoTime(backup.createdSeconds),
      ...(replaced === undefined ? {} : { replaces: factsOf(replaced) }),
      ...(replaced === undefined || planned !== null ? {} : { last_backup_of_replaced: await lastBackup(pve, id) }),
    });
  },
  async verify({ input: wanted, pve }) {
    // A restored guest carries no mark of its job: only the absence of any guest is certain.
    return wanted.vmid !== undefined && !wanted.overwrite && (await pve.isVmidFree(wanted.vmid)) ? 'absent' : 'unclear';
  },
});

/** The backup as the target node sees it; one that only other nodes see is found too, to say where it is. */
async function findFrom(pve: ProxmoxReader, volid: string, on: string | undefined): Promise<FoundVolume> {
  const anywhere = { volid, field: 'archive' } as const;
  if (on === undefined) return findBackup(pve, anywhere);
  try {
    return await findBackup(pve, { ...anywhere, node: on });
  } catch (error) {
    if (error instanceof OperationError && error.code === 'not_found' && error.details['field'] !== 'node')
      return findBackup(pve, anywhere);
    throw error;
  }
}

function typeOf(backup: FoundVolume): GuestType {
  const type = backup.subtype === 'qemu' || backup.subtype === 'lxc' ? backup.subtype : backupOwner(backup.volid).type;
  if (type !== null) return type;
  throw new OperationError('invalid_input', `It cannot be told whether ${backup.volid} is of a VM or of a container.`, {
    hint: 'A backup must be called vzdump-qemu-… or vzdump-lxc-….',
    details: { field: 'archive' },
  });
}

/** @throws OperationError `conflict` when the wanted node does not see the backup or is not where the replaced guest is */
async function targetNode(
  pve: ProxmoxReader,
  backup: FoundVolume,
  wanted: string | undefined,
  ofReplaced: string | undefined,
): Promise<string> {
  if (ofReplaced !== undefined && wanted !== undefined && wanted !== ofReplaced) {
    throw new OperationError('conflict', `The guest to replace is on node ${ofReplaced}, not on ${wanted}.`, {
      hint: `Repeat with node=${ofReplaced}, or leave node out.`,
      details: { field: 'node' },
    });
  }
  const must = ofReplaced ?? wanted;
  if (must !== undefined && !backup.nodes.includes(must)) {
    throw new OperationError('conflict', `Node ${must} does not see the backup, which is on ${backup.nodes.join(', ')}.`, {
      hint: `Use node=${backup.nodes[0]}, or a backup on shared storage.`,
      details: { field: 'node', nodes: backup.nodes },
    });
  }
  if (must !== undefined) return must;
  const owner = backup.vmid ?? backupOwner(backup.volid).vmid;
  const home = (await pve.guests()).find((guest) => guest.vmid === owner)?.node;
  return nodeFor(pve, backup, home);
}

/** What is lost. */
function factsOf({ guest, disks }: ReplacedGuest) {
  return {
    guest: guest.name,
    disk_bytes: disks.reduce((sum, { sizeBytes }) => sum + (sizeBytes ?? 0), 0),
    disks: disks.map(({ disk, volume, sizeBytes }) => ({ disk, volume, size_bytes: sizeBytes })),
  };
}

/** Empty where it cannot be read (no privilege, a format that Proxmox cannot look into). */
async function configOf(pve: ProxmoxReader, on: string, volid: string): Promise<string> {
  try {
    return await pve.backupConfig(on, volid);
  } catch (error) {
    if (error instanceof OperationError && error.code !== 'proxmox_unreachable') return '';
    throw error;
  }
}
