import { OperationError } from '../../domain/operation-error.ts';
import { parseVolid } from '../../domain/volid.ts';
import { backupOwner } from '../../proxmox/backups.ts';
import type { FoundVolume } from '../../proxmox/content-search.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { ofField } from '../of-field.ts';

const SHOWN = 5;

export interface BackupPlace {
  readonly volid: string;
  /** The argument that gave the volid. */
  readonly field: 'volid' | 'archive';
  readonly storage?: string | undefined;
  readonly node?: string | undefined;
}

/**
 * The backup with exactly this volid. A local storage has its own volumes on each node, so the same volid on two nodes
 * needs the node.
 * @throws OperationError `not_found` naming other backups of the guest, `conflict`, `invalid_input`
 */
export async function findBackup(pve: ProxmoxReader, place: BackupPlace): Promise<FoundVolume> {
  const volid = place.storage !== undefined && place.volid.startsWith('backup/') ? `${place.storage}:${place.volid}` : place.volid;
  const parts = parseVolid(volid);
  if (!parts || !parts.volume.startsWith('backup/')) {
    throw new OperationError('invalid_input', `${JSON.stringify(volid.slice(0, 120))} is not the volid of a backup.`, {
      hint: 'Use a volid exactly as list_backups shows it.',
      details: { field: place.field },
    });
  }
  if (place.storage !== undefined && place.storage !== parts.storage) {
    throw new OperationError('invalid_input', `The backup is on storage ${parts.storage}, not on ${place.storage}.`, {
      hint: 'Leave storage out, or correct the volid.',
      details: { field: 'storage' },
    });
  }
  const { volumes, unavailable } = await pve
    .findContent({ content: 'backup', storage: parts.storage, node: place.node, vmid: backupOwner(volid).vmid ?? undefined })
    .catch((error: unknown) => Promise.reject(isAboutStorage(error) ? ofField(error, place.field) : error));
  const [found, second] = volumes.filter((volume) => volume.volid === volid);
  if (found && second) {
    throw new OperationError('conflict', `${volid} exists on more than one node.`, {
      hint: 'Give node as well.',
      details: { field: 'node', nodes: [...found.nodes, ...second.nodes] },
    });
  }
  if (found) return found;
  const [unread] = unavailable;
  if (unread) {
    throw new OperationError(
      'proxmox_unreachable',
      `Storage ${unread.storage} on node ${unread.node} could not be read: ${unread.reason}`,
      {
        hint: 'Try again when it can be reached.',
        details: { ...unread },
      },
    );
  }
  await assertMayRead(pve, parts.storage, volid, place.node);
  throw missing(volid, volumes, place.field);
}

/** The storage stands in the volid. */
function isAboutStorage(error: unknown): boolean {
  return error instanceof OperationError && error.details['field'] === 'storage';
}

/**
 * Lists leave out what the token may not see; asked for one volume, Proxmox says which privilege is missing.
 * @throws OperationError `missing_privilege`
 */
async function assertMayRead(pve: ProxmoxReader, storage: string, volid: string, on: string | undefined): Promise<void> {
  const rows = await pve.storages();
  const row = rows.find(
    (candidate) => candidate.storage === storage && candidate.status === 'available' && (on === undefined || candidate.node === on),
  );
  if (!row) return;
  await pve.backupNotes(row.node, storage, volid).catch((error: unknown) => {
    if (!(error instanceof OperationError) || error.code === 'missing_privilege') throw error;
  });
}

/** A node that is up and sees the backup. @throws OperationError `proxmox_unreachable` */
export async function nodeFor(pve: ProxmoxReader, backup: FoundVolume, preferred?: string): Promise<string> {
  const online = new Set((await pve.nodes()).filter(({ status }) => status === 'online').map(({ node }) => node));
  const usable = backup.nodes.filter((node) => online.has(node));
  const chosen = usable.find((node) => node === preferred) ?? usable[0];
  if (chosen !== undefined) return chosen;
  throw new OperationError('proxmox_unreachable', `No node that sees ${backup.volid} is online.`, { hint: 'See get_nodes.' });
}

function missing(volid: string, volumes: readonly FoundVolume[], field: BackupPlace['field']): OperationError {
  const { vmid } = backupOwner(volid);
  const others = volumes
    .filter((volume) => volume.vmid === vmid && vmid !== null)
    .toSorted((a, b) => (b.createdSeconds ?? 0) - (a.createdSeconds ?? 0))
    .slice(0, SHOWN)
    .map((volume) => volume.volid);
  return new OperationError('not_found', `There is no backup ${volid}, or the API token may not see it.`, {
    hint: others.length === 0 ? 'See list_backups.' : `Newest backups of guest ${vmid} there: ${others.join(', ')}.`,
    details: { field, volid },
  });
}
