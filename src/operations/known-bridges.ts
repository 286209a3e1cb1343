import { OperationError } from '../domain/operation-error.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';

/**
 * Proxmox takes any name of a bridge and fails only when the guest is started.
 * @param field the argument that named the bridges
 * @throws OperationError `not_found` that names those which the node has
 */
export async function assertBridges(pve: ProxmoxReader, node: string, wanted: readonly string[], field: string): Promise<void> {
  if (wanted.length === 0) return;
  const bridges = await pve.bridges(node);
  const missing = wanted.find((bridge) => !bridges.includes(bridge));
  // A token that may see no bridge at all may still use them.
  if (missing === undefined || bridges.length === 0) return;
  throw new OperationError('not_found', `Node ${node} has no bridge ${missing}, or the API token may not see it.`, {
    hint: `It has ${bridges.join(', ')}.`,
    details: { field, bridge: missing },
  });
}
