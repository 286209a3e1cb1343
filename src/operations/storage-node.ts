import { OperationError } from '../domain/operation-error.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';

/**
 * The node through which a storage is used: the one that is named, any for a shared storage, the only one of a local one.
 * @throws OperationError `not_found`, `conflict`, `invalid_input` when several nodes have a storage of this name of their own
 */
export async function nodeOfStorage(pve: ProxmoxReader, storage: string, node: string | undefined): Promise<string> {
  if (node !== undefined) return node;
  const all = await pve.storages();
  const rows = all.filter((row) => row.storage === storage);
  if (rows.length === 0) {
    throw new OperationError('not_found', `There is no enabled storage ${storage}, or the API token may not see it.`, {
      hint: `Those it can see: ${[...new Set(all.map((row) => row.storage))].toSorted().join(', ') || 'none (it needs Datastore.Audit)'}.`,
      details: { field: 'storage', storage },
    });
  }
  const available = rows.filter((row) => row.status === 'available').toSorted((a, b) => a.node.localeCompare(b.node));
  const [first, other] = available;
  if (first === undefined) {
    throw new OperationError('conflict', `Storage ${storage} is not available on any node now.`, {
      hint: 'See get_storage.',
      details: { field: 'storage', storage },
    });
  }
  if (other === undefined || first.shared) return first.node;
  throw new OperationError('invalid_input', `${available.length} nodes have a storage ${storage} of their own, so node must be given.`, {
    hint: `Choose one of ${available.map((row) => row.node).join(', ')}.`,
    details: { field: 'node', storage },
  });
}
