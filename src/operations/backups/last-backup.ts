import { OperationError } from '../../domain/operation-error.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { isoTime } from '../times.ts';

const WITHIN_MS = 5000;

/** The newest backup of a guest, for whoever decides about destroying it. `complete: false`: a storage did not answer. */
export interface LastBackup {
  readonly volid: string | null;
  readonly created_at: string | null;
  readonly complete: boolean;
}

/** Looks at most 5 s; never fails. */
export async function lastBackupOf(pve: ProxmoxReader, vmid: number): Promise<LastBackup> {
  try {
    const { volumes, unavailable } = await pve.findContent({ content: 'backup', vmid, withinMs: WITHIN_MS });
    const newest = volumes.filter((volume) => volume.vmid === vmid).toSorted((a, b) => (b.createdSeconds ?? 0) - (a.createdSeconds ?? 0))[0];
    return { volid: newest?.volid ?? null, created_at: isoTime(newest?.createdSeconds ?? null), complete: unavailable.length === 0 };
  } catch (error) {
    if (error instanceof OperationError) return { volid: null, created_at: null, complete: false };
    throw error;
  }
}
