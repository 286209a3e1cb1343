import { OperationError } from '../../domain/operation-error.ts';
import { parseVolid } from '../../domain/volid.ts';
import type { ProxmoxReader } from '../../proxmox/reader.ts';

const SHOWN = 15;
const LIST_MS = 5000;

/** @throws OperationError `invalid_input` or `not_found` that names the templates which the node has */
export async function assertTemplateExists(pve: ProxmoxReader, node: string, ostemplate: string): Promise<void> {
  const parts = parseVolid(ostemplate);
  if (parts?.volume.startsWith('vztmpl/') === true) {
    const listed = await pve
      .storageContent({ node, storage: parts.storage, content: 'vztmpl', timeoutMs: 10_000 })
      .catch((error: unknown) => {
        if (error instanceof OperationError && (error.code === 'not_found' || error.code === 'conflict')) return [];
        throw error;
      });
    if (listed.some(({ volid }) => volid === ostemplate)) return;
  }
  const { volumes } = await pve.findContent({ content: 'vztmpl', node, withinMs: LIST_MS });
  const volids = volumes.map(({ volid }) => volid).toSorted();
  const shown = volids.slice(0, SHOWN).join(', ');
  const hint =
    volids.length === 0
      ? 'It has none; download one first.'
      : `It has ${shown}${volids.length > SHOWN ? `, and ${volids.length - SHOWN} more` : ''}.`;
  throw new OperationError(
    parts ? 'not_found' : 'invalid_input',
    `There is no container template ${JSON.stringify(ostemplate.slice(0, 120))} on node ${node}.`,
    {
      hint,
      details: { field: 'ostemplate' },
    },
  );
}
