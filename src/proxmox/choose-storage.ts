import { OperationError } from '../domain/operation-error.ts';
import { formatBytes } from '../domain/units.ts';
import type { ProxmoxApi } from './api.ts';
import type { StorageSummary } from './cluster.ts';
import { readFlag, readList, readNumber, readRecord, readText } from './lenient.ts';
import { route } from './route.ts';
import { cannotSeeStorage } from './storage-audit.ts';
import type { ContentType } from './storage-content.ts';

export interface StorageWish {
  readonly node: string;
  readonly content: ContentType;
  /** The storage the caller named; undefined lets the choice fall on the one with the most free space. */
  readonly storage?: string | undefined;
  /** Asked of a storage that is chosen; one that the caller named may be thin and is believed. */
  readonly neededBytes?: number | undefined;
}

export interface ChosenStorage {
  readonly storage: string;
  /** `lvmthin`, `dir`, …; null where Proxmox does not say. */
  readonly type: string | null;
  readonly shared: boolean;
  readonly freeBytes: number | null;
  /** Why this one, for people; null when the caller named it. */
  readonly reason: string | null;
}

const freeBytes = (row: StorageSummary): number | null =>
  row.totalBytes === null || row.usedBytes === null ? null : Math.max(0, row.totalBytes - row.usedBytes);

/**
 * Which storage of a node is to hold something. Decided by what Proxmox reports of all storages anyway, so a storage that
 * hangs delays nobody. A storage that this report does not show to the token is asked for by name.
 */
export function storageChoice(api: ProxmoxApi, storages: () => Promise<readonly StorageSummary[]>) {
  async function named(storage: string, { node, content }: StorageWish, rows: readonly StorageSummary[]): Promise<ChosenStorage> {
    const row = rows.find((candidate) => candidate.storage === storage && candidate.node === node);
    const state =
      row === undefined
        ? await readState(storage, node, rows)
        : { ...row, isUsable: row.status === 'available', freeBytes: freeBytes(row) };
    if (!state.content.includes(content)) {
      const fitting = rows
        .filter((candidate) => candidate.node === node && candidate.content.includes(content))
        .map((candidate) => candidate.storage);
      throw new OperationError('conflict', `Storage ${storage} does not hold ${content}.`, {
        hint: `On node ${node} these do: ${fitting.toSorted().join(', ') || 'none that the API token may see'}.`,
        details: { field: 'storage', storage, content },
      });
    }
    if (!state.isUsable) {
      throw new OperationError('conflict', `Storage ${storage} is not available on node ${node} now.`, {
        hint: 'See get_storage; the storage may be disabled or out of reach.',
        details: { field: 'storage', storage, node },
      });
    }
    return { storage, type: state.type, shared: state.shared, freeBytes: state.freeBytes, reason: null };
  }

  /** @throws OperationError `missing_privilege`, `not_found` */
  async function readState(storage: string, node: string, rows: readonly StorageSummary[]) {
    const answer = await api.read(route('/nodes/{node}/storage/{storage}/status', { node, storage })).catch((error: unknown) => {
      if (!(error instanceof OperationError) || (error.code !== 'invalid_input' && error.code !== 'not_found')) throw error;
      throw new OperationError('not_found', `There is no storage ${storage} on node ${node}.`, {
        hint: `Those the API token may see: ${[...new Set(rows.map((row) => row.storage))].toSorted().join(', ') || 'none'}.`,
        details: { field: 'storage', storage, node },
      });
    });
    const row = readRecord(answer.data);
    return {
      type: readText(row['type']),
      content: readList(row['content']),
      shared: readFlag(row['shared']),
      freeBytes: readNumber(row['avail']),
      isUsable: readFlag(row['enabled']) && readFlag(row['active']),
    };
  }

  return {
    /** @throws OperationError `conflict` or `not_found` that names the storages which would do */
    async chooseStorage(wish: StorageWish): Promise<ChosenStorage> {
      const rows = await storages();
      if (wish.storage !== undefined) return named(wish.storage, wish, rows);
      if (rows.length === 0) throw cannotSeeStorage(api.context.tokenId);
      const { node, content, neededBytes = 0 } = wish;
      const fitting = rows
        .filter((row) => row.node === node && row.status === 'available' && row.content.includes(content))
        .toSorted((a, b) => (freeBytes(b) ?? 0) - (freeBytes(a) ?? 0));
      const [best] = fitting;
      if (best === undefined) {
        throw new OperationError(
          'conflict',
          `Node ${node} has no storage that holds ${content} and is available, or the API token may not see it.`,
          {
            hint: 'See get_storage.',
            details: { field: 'storage', node, content },
          },
        );
      }
      const free = freeBytes(best);
      if (free !== null && free < neededBytes) {
        throw new OperationError(
          'conflict',
          `No storage on node ${node} has ${formatBytes(neededBytes)} free for ${content}; ${best.storage} has ${formatBytes(free)}.`,
          {
            hint: 'Name storage to use a thin one beyond its free space, or ask for less.',
            details: { field: 'storage', node, content, needed_bytes: neededBytes, free_bytes: free },
          },
        );
      }
      const reason =
        fitting.length === 1
          ? `the only one on ${node} that holds ${content}`
          : `most free space of ${fitting.length} on ${node} that hold ${content}`;
      return { storage: best.storage, type: best.type, shared: best.shared, freeBytes: free, reason };
    },
  };
}
