import { z } from 'zod';
import { formatBytes, formatPercent } from '../../domain/units.ts';
import { defineQuery } from '../define.ts';
import { oncePerList } from '../once-per-list.ts';
import { partial, whyPartial } from '../partial-list.ts';
import type { StorageSummary } from '../../proxmox/cluster.ts';

const storageRow = z.object({
  storage: z.string(),
  type: z.string().nullable(),
  shared: z.boolean(),
  content: z.array(z.string()),
  nodes: z.array(z.string()).describe('Where this row holds: all nodes of a shared storage, the one of a local one.'),
  status: z.enum(['available', 'unavailable', 'unknown']),
  used_bytes: z.number().nullable(),
  total_bytes: z.number().nullable(),
});

export const getStorage = defineQuery({
  name: 'get_storage',
  title: 'List storage',
  description: 'List storages (datastores): type, content, state, used and free space.',
  input: z.object({}),
  output: z.object({ storages: z.array(storageRow), partial }),
  permissions: { '/storage': ['Datastore.Audit'] },
  text: ({ storages, partial: why }) => [...storages.map(lineOfStorage), ...(why === null ? [] : [why])].join('\n'),
  async run({ pve }) {
    const rows = await pve.storages();
    return {
      partial: rows.length === 0 ? await whyPartial(pve, [['/storage', 'Datastore.Audit']]) : null,
      storages: storagesOf(rows),
    };
  },
});

const storagesOf = oncePerList((rows: readonly StorageSummary[]): z.output<typeof storageRow>[] => {
  const shared = Map.groupBy(
    rows.filter((row) => row.shared),
    (row) => row.storage,
  );
  const groups = [...shared.values(), ...rows.filter((row) => !row.shared).map((row) => [row])];
  return groups.map(mergeRows).toSorted((a, b) => (positionOf(a) < positionOf(b) ? -1 : 1));
});

/** Place in the order of the list; a blank sorts before whatever a name may hold. */
const positionOf = ({ storage, nodes }: z.output<typeof storageRow>): string => `${storage} ${nodes[0] ?? ''}`;

/** One row for one storage: a node that can reach it knows more about it than one that cannot. */
function mergeRows(rows: readonly StorageSummary[]): z.output<typeof storageRow> {
  const best = rows.find((row) => row.status === 'available') ?? rows.find((row) => row.status === 'unavailable') ?? rows[0];
  return {
    storage: best?.storage ?? '',
    type: best?.type ?? null,
    shared: best?.shared ?? false,
    content: [...(best?.content ?? [])].toSorted(),
    nodes: rows.map((row) => row.node).toSorted(),
    status: best?.status ?? 'unknown',
    used_bytes: best?.usedBytes ?? null,
    total_bytes: best?.totalBytes ?? null,
  };
}

function lineOfStorage(row: z.output<typeof storageRow>): string {
  const where = row.shared ? `shared by ${row.nodes.join(' ')}` : `on ${row.nodes.join(' ')}`;
  const usage =
    row.used_bytes === null || row.total_bytes === null
      ? 'usage unknown'
      : `${formatBytes(row.used_bytes)} of ${formatBytes(row.total_bytes)} (${formatPercent(row.total_bytes === 0 ? null : row.used_bytes / row.total_bytes)})`;
  return `${row.storage} ${row.type ?? 'type unknown'} ${row.status} ${where}, ${usage}, holds ${row.content.join(' ') || 'unknown content'}`;
}
