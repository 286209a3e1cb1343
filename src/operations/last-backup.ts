import { OperationError } from '../domain/operation-error.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';
import { isoTime } from './times.ts';

const WITHIN_MS = 4000;

/** The newest backup of a guest that can be seen, `none`, or `unknown` when a storage that may hold one did not answer. */
export type LastBackup = { readonly volid: string; readonly created_at: string | null } | 'none' | 'unknown';

/** Whether there is a way back, told before a guest is destroyed. Takes a few seconds at most and never fails. */
export async function lastBackup(pve: ProxmoxReader, vmid: number): Promise<LastBackup> {
  try {
    const { volumes, asked, unavailable } = await pve.findContent({ content: 'backup', vmid, withinMs: WITHIN_MS });
    const newest = volumes
      .filter((volume) => volume.vmid === vmid)
      .toSorted((a, b) => (b.createdSeconds ?? 0) - (a.createdSeconds ?? 0))[0];
    if (newest === undefined) return asked > 0 && unavailable.length === 0 ? 'none' : 'unknown';
    return { volid: newest.volid, created_at: isoTime(newest.createdSeconds) };
  } catch (error) {
    if (error instanceof OperationError) return 'unknown';
    throw error;
  }
}
