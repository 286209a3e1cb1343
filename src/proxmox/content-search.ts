import { createLanes } from '../domain/lanes.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { NodeSummary, StorageSummary } from './cluster.ts';
import type { Breaker } from './breaker.ts';
import { flatMapInSlices } from './in-slices.ts';
import type { LastKnown } from './last-known.ts';
import { cannotSeeStorage } from './storage-audit.ts';
import type { ContentQuery, ContentType, Volume } from './storage-content.ts';

export interface ContentSearch {
  readonly content: ContentType;
  readonly node?: string | undefined;
  readonly storage?: string | undefined;
  /** Only volumes that belong to this guest. */
  readonly vmid?: number | undefined;
  /** Deadline of the whole search, milliseconds (default 15 s). */
  readonly withinMs?: number | undefined;
}

/** A volume and every node from which it can be used. */
export interface FoundVolume extends Volume {
  readonly nodes: readonly string[];
}

/** A storage that could not be read now, and why. */
export interface UnavailableStorage {
  readonly storage: string;
  readonly node: string;
  readonly reason: string;
  /** Age of what the result holds of it all the same, seconds; null when it holds nothing of it. */
  readonly staleSeconds: number | null;
}

export interface FoundContent {
  readonly volumes: readonly FoundVolume[];
  /** How many storages answered. */
  readonly asked: number;
  readonly unavailable: readonly UnavailableStorage[];
}

interface Sources {
  storages(): Promise<readonly StorageSummary[]>;
  nodes(): Promise<readonly NodeSummary[]>;
  storageContent(query: ContentQuery): Promise<readonly Volume[]>;
}

/** What makes reads patient with storages that hang. Never used for what a write is decided by. */
export interface ContentMemory {
  readonly breaker: Breaker;
  readonly lastKnown: LastKnown<FoundVolume>;
}

const REQUESTS_PER_NODE = 2;
const REQUEST_MS = 10_000;
const SEARCH_MS = 15_000;

/** One storage to ask: a shared one once, a local one on each of its nodes. */
interface Place {
  readonly storage: string;
  /** All nodes that see the same volumes. */
  readonly rows: readonly StorageSummary[];
}

/**
 * Volumes of one kind across the cluster. Each distinct storage is asked once, at most two at a time on one node; one that
 * does not answer in time is told in `unavailable` and delays nothing else. With a memory it is then left alone for a while,
 * and what it held when it last answered stands in for it.
 */
export function contentSearch(sources: Sources, tokenId: string, memory?: ContentMemory) {
  const lanes = createLanes(REQUESTS_PER_NODE);
  const breaker = memory?.breaker;

  async function searchPlace(
    { storage, rows }: Place,
    { content, vmid }: ContentSearch,
    online: ReadonlySet<string>,
    endsAt: number,
  ): Promise<FoundContent> {
    const usable = rows.filter((row) => row.status === 'available' && online.has(row.node));
    const asked = usable.find((row) => breaker?.isOpen(placeKey(row)) !== true) ?? usable[0];
    if (asked === undefined) return { volumes: [], asked: 0, unavailable: rows.map((row) => notAvailable(row, online)) };
    const { node } = asked;
    const known = `${rows.length > 1 ? '' : node}/${storage}/${content}/${vmid ?? ''}`;
    try {
      const ask = async (): Promise<readonly Volume[]> => {
        const timeoutMs = Math.ceil(Math.min(REQUEST_MS, endsAt - performance.now()));
        if (timeoutMs <= 0) throw new OperationError('timeout', 'No time was left to ask it.');
        return sources.storageContent({ node, storage, content, vmid, timeoutMs });
      };
      const listed = await lanes(node, () => (breaker ? breaker.run(placeKey(asked), ask) : ask()));
      const nodes = rows.map((row) => row.node).toSorted();
      const volumes = await flatMapInSlices(listed, (volume) => (volume.content === content ? [{ ...volume, nodes }] : []));
      memory?.lastKnown.keep(known, volumes);
      return { volumes, asked: 1, unavailable: [] };
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      const last = isSilence(error) ? memory?.lastKnown.find(known) : undefined;
      return {
        volumes: last?.rows ?? [],
        asked: 0,
        unavailable: [{ storage, node, reason: error.message, staleSeconds: last?.ageSeconds ?? null }],
      };
    }
  }

  return {
    /** @throws OperationError `not_found` for a node or storage that is named and cannot be found, `missing_privilege` */
    async findContent(search: ContentSearch): Promise<FoundContent> {
      const { content, node, storage, withinMs = SEARCH_MS } = search;
      const endsAt = performance.now() + withinMs;
      const [all, nodes] = await Promise.all([sources.storages(), sources.nodes()]);
      if (node !== undefined && !nodes.some((row) => row.node === node)) throw unknownNode(node, nodes);
      if (all.length === 0) throw cannotSeeStorage(tokenId);
      if (storage !== undefined) assertStorage(all, storage, node);
      const rows = all.filter(
        (row) =>
          row.content.includes(content) && (node === undefined || row.node === node) && (storage === undefined || row.storage === storage),
      );
      const online = new Set(nodes.filter((row) => row.status === 'online').map((row) => row.node));
      const answers = await Promise.all(placesOf(rows).map((place) => searchPlace(place, search, online, endsAt)));
      return {
        volumes: answers.flatMap((answer) => answer.volumes),
        asked: answers.filter((answer) => answer.asked > 0).length,
        unavailable: answers.flatMap((answer) => answer.unavailable),
      };
    },
  };
}

/** A refusal is an answer; silence and a broken connection are none. */
function isSilence({ code }: OperationError): boolean {
  return code === 'timeout' || code === 'proxmox_unreachable';
}

function placeKey({ node, storage }: StorageSummary): string {
  return `Storage ${storage} on node ${node}`;
}

function placesOf(rows: readonly StorageSummary[]): readonly Place[] {
  const byPlace = Map.groupBy(rows, (row) => (row.shared ? row.storage : `${row.node}/${row.storage}`));
  return [...byPlace.values()].map((group) => ({ storage: group[0]?.storage ?? '', rows: group }));
}

function notAvailable({ storage, node, status }: StorageSummary, online: ReadonlySet<string>): UnavailableStorage {
  const reason = online.has(node) ? `Proxmox VE reports it as ${status} on this node.` : `Node ${node} is offline.`;
  return { storage, node, reason, staleSeconds: null };
}

/** @throws OperationError `not_found` */
function assertStorage(rows: readonly StorageSummary[], storage: string, node: string | undefined): void {
  const named = rows.filter((row) => row.storage === storage);
  if (named.length === 0) {
    throw new OperationError('not_found', `There is no enabled storage ${storage}, or the API token may not see it.`, {
      hint: `Those it can see: ${[...new Set(rows.map((row) => row.storage))].toSorted().join(', ') || 'none (it needs Datastore.Audit)'}.`,
      details: { field: 'storage', storage },
    });
  }
  if (node !== undefined && !named.some((row) => row.node === node)) {
    throw new OperationError('not_found', `Storage ${storage} is not on node ${node}.`, {
      hint: `It is on ${named
        .map((row) => row.node)
        .toSorted()
        .join(', ')}.`,
      details: { field: 'storage', storage, node },
    });
  }
}

function unknownNode(node: string, nodes: readonly NodeSummary[]): OperationError {
  return new OperationError('not_found', `There is no node ${node}.`, {
    hint: `Nodes are ${nodes
      .map((row) => row.node)
      .toSorted()
      .join(', ')}.`,
    details: { field: 'node', node },
  });
}
