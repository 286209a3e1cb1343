import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send } from '../../domain/plan.ts';
import { backupOwner, deleteBackupAt } from '../../proxmox/backups.ts';
import { defineTask } from '../define.ts';
import { node, storage } from '../inputs.ts';
import { withoutJobMarker } from '../job-marker.ts';
import { isoTime } from '../times.ts';
import { findBackup, nodeFor } from './find-backup.ts';

export const deleteBackup = defineTask({
  name: 'delete_backup',
  title: 'Delete backup',
  description: 'Delete one backup for good, named by its exact volid. Protected ones are refused.',
  input: z.object({
    volid: z.string().min(1).max(400).describe('Volid of the backup.'),
    storage: storage.optional(),
    node: node.optional(),
  }),
  risk: 'destroy',
  takesToken: true,
  repeat: 'destructive',
  destroys: 'part',
  loses: 'This backup.',
  permissions: { '/storage/{storage}': ['Datastore.AllocateSpace', 'Datastore.Audit'], '/vms': ['VM.Backup'] },
  summary: (wanted) => `Delete backup ${wanted.volid}`,
  async run({ input: wanted, pve }) {
    const backup = await findBackup(pve, { ...wanted, field: 'volid' });
    if (backup.protected) {
      throw new OperationError('conflict', `The backup ${backup.volid} is protected.`, {
        hint: 'A person has to take the protection off in Proxmox VE.',
        details: { field: 'volid', protected: true },
      });
    }
    return send(deleteBackupAt(await nodeFor(pve, backup), backup.volid), {
      volid: backup.volid,
      vmid: backup.vmid ?? backupOwner(backup.volid).vmid,
      created_at: isoTime(backup.createdSeconds),
      size_bytes: backup.sizeBytes,
      notes: backup.notes === null ? null : withoutJobMarker(backup.notes),
    });
  },
  async verify({ input: wanted, pve }) {
    try {
      await findBackup(pve, { ...wanted, field: 'volid' });
      return 'absent';
    } catch (error) {
      // A storage that cannot be found says nothing of what was on it.
      if (error instanceof OperationError && error.code === 'not_found' && error.details['volid'] !== undefined) return 'achieved';
      throw error;
    }
  },
});
