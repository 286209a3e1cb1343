import { OperationError } from '../domain/operation-error.ts';
import { showUntrusted } from '../domain/untrusted-text.ts';
import { parseVolid } from '../domain/volid.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';
import type { ContentType, Volume } from '../proxmox/storage-content.ts';
import { ofField } from './of-field.ts';

const TIMEOUT_MS = 10_000;
const SHOWN = 10;

/**
 * The volume of this volid as a node sees it: Proxmox takes a volid that does not exist and fails only when it is used.
 * @throws OperationError `not_found` that names volumes which do exist
 */
export async function knownVolume(pve: ProxmoxReader, node: string, volid: string, content: ContentType, field: string): Promise<Volume> {
  const storage = parseVolid(volid)?.storage;
  if (storage === undefined) throw new OperationError('invalid_input', `${showUntrusted(volid)} is not a volid.`, { details: { field } });
  const volumes = await pve
    .storageContent({ node, storage, content, timeoutMs: TIMEOUT_MS })
    .catch((error: unknown) => Promise.reject(ofField(error, field)));
  const found = volumes.find((volume) => volume.volid === volid);
  if (found) return found;
  const names = volumes.slice(0, SHOWN).map((volume) => showUntrusted(volume.volid));
  const more = volumes.length > SHOWN ? ` and ${volumes.length - SHOWN} more` : '';
  throw new OperationError('not_found', `There is no ${content} volume ${volid} on node ${node}.`, {
    hint: names.length === 0 ? `Storage ${storage} holds no ${content} there.` : `Storage ${storage} holds ${names.join(', ')}${more}.`,
    details: { field, volid },
  });
}
