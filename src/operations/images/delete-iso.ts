import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { send } from '../../domain/plan.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';
import { deleteVolume, type Volume } from '../../proxmox/storage-content.ts';
import { defineTask } from '../define.ts';
import { node, storage } from '../inputs.ts';
import { nodeOfStorage } from '../storage-node.ts';

const DELETABLE: ReadonlySet<string> = new Set(['iso', 'vztmpl', 'import']);
const TIMEOUT_MS = 20_000;
const SHOWN = 10;

export const deleteIso = defineTask({
  name: 'delete_iso',
  title: 'Delete image',
  description: 'Delete an ISO image, container template or cloud image by its exact name.',
  input: z.object({
    node: node.optional().describe('May be left out for shared storage.'),
    storage,
    filename: z.string().min(1).max(400).describe('Exact file name or volid.'),
  }),
  risk: 'destroy',
  takesToken: true,
  repeat: 'destructive',
  destroys: 'part',
  loses: 'This file on the storage.',
  permissions: { '/storage/{storage}': ['Datastore.Audit', 'Datastore.Allocate'] },
  summary: (input) => `Delete ${showUntrusted(input.filename)} from ${input.storage}`,
  async run({ input, pve }) {
    const on = await nodeOfStorage(pve, input.storage, input.node);
    const files = await filesOn(pve, on, input.storage);
    const [match, ...others] = files.filter((volume) => isNamed(volume, input.filename));
    if (match === undefined) {
      const names = files.slice(0, SHOWN).map((volume) => showUntrusted(volume.filename));
      const more = files.length > SHOWN ? ` and ${files.length - SHOWN} more` : '';
      throw new OperationError(
        'not_found',
        `Storage ${input.storage} on node ${on} has no image or template called ${showUntrusted(input.filename)}.`,
        {
          hint: names.length === 0 ? 'It holds none at all.' : `Names must be exact. It holds ${names.join(', ')}${more}.`,
          details: { field: 'filename' },
        },
      );
    }
    if (others.length > 0) {
      throw new OperationError('conflict', `${others.length + 1} files on ${input.storage} are called ${showUntrusted(input.filename)}.`, {
        hint: `Use the volid: ${[match, ...others].map((volume) => showUntrusted(volume.volid)).join(', ')}.`,
        details: { field: 'filename', volids: [match, ...others].map((volume) => volume.volid) },
      });
    }
    return send(deleteVolume(on, match), { volid: match.volid, node: on, size_bytes: match.sizeBytes });
  },
  async verify({ input, pve }) {
    const on = await nodeOfStorage(pve, input.storage, input.node);
    const files = await filesOn(pve, on, input.storage);
    return files.some((volume) => isNamed(volume, input.filename)) ? 'absent' : 'achieved';
  },
});

/** Only what belongs to no guest: a disk or a backup is never found here, whatever it is called. */
async function filesOn(pve: ProxmoxReader, on: string, onStorage: string): Promise<readonly Volume[]> {
  const volumes = await pve.storageContent({ node: on, storage: onStorage, timeoutMs: TIMEOUT_MS });
  return volumes.filter((volume) => volume.storage === onStorage && DELETABLE.has(volume.content));
}

/** `x.iso`, `iso/x.iso` or `local:iso/x.iso`, and nothing less. */
function isNamed({ volid, storage: on, filename }: Volume, wanted: string): boolean {
  return wanted === volid || wanted === volid.slice(on.length + 1) || wanted === filename;
}
