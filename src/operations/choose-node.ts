import { OperationError } from '../domain/operation-error.ts';
import { formatBytes } from '../domain/units.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';

/**
 * The node a new object goes to: the one that is named, or the only one that is online.
 * @param field the argument that names it
 * @throws OperationError `not_found`, `conflict` when it is offline, `invalid_input` when there are several to choose from
 */
export async function chooseNode(pve: ProxmoxReader, wanted: string | undefined, field = 'node'): Promise<string> {
  const nodes = await pve.nodes();
  const online = nodes.filter((row) => row.status === 'online');
  if (wanted === undefined) {
    const [only, other] = online;
    if (only !== undefined && other === undefined) return only.node;
    const free = online.map(({ node, maxMemoryBytes, memoryBytes }) =>
      maxMemoryBytes === null || memoryBytes === null ? node : `${node} (${formatBytes(maxMemoryBytes - memoryBytes)} memory free)`,
    );
    throw new OperationError('invalid_input', `${online.length} nodes are online, so node must be given.`, {
      hint: `Choose one of ${free.join(', ')}.`,
      details: { field },
    });
  }
  const row = nodes.find((candidate) => candidate.node === wanted);
  if (row === undefined) {
    throw new OperationError('not_found', `There is no node ${wanted}.`, {
      hint: `Nodes are ${nodes
        .map((candidate) => candidate.node)
        .toSorted()
        .join(', ')}.`,
      details: { field, node: wanted },
    });
  }
  if (row.status === 'offline') {
    throw new OperationError('conflict', `Node ${wanted} is offline.`, {
      hint:
        online.length > 0
          ? `Online are ${online
              .map((candidate) => candidate.node)
              .toSorted()
              .join(', ')}.`
          : undefined,
      details: { field, node: wanted },
    });
  }
  return wanted;
}
