import { z } from 'zod';
import { formatBytes } from '../../domain/units.ts';
import { showUntrusted } from '../../domain/untrusted-text.ts';
import type { FoundContent, FoundVolume } from '../../proxmox/content-search.ts';
import { node, storage } from '../inputs.ts';
import { isoTime } from '../times.ts';
import { lineOfUnavailable, rowOfUnavailable, unavailableRow } from '../unavailable-storage.ts';

/** How a list of files on storages may be narrowed and paged. */
export const imageFilters = z.object({
  node: node.optional(),
  storage: storage.optional(),
  name: z.string().max(100).optional().describe('Only file names that contain this.'),
  limit: z.int().min(1).max(1000).default(100).describe('Files per page.'),
  after: z.string().max(400).optional().describe('Next page: the next_after of the last one.'),
});

const imageRow = z.object({
  volid: z.string(),
  storage: z.string(),
  nodes: z.array(z.string()).describe('Where it can be used: all nodes of a shared storage, the one of a local one.'),
  filename: z.string(),
  format: z.string().nullable(),
  size_bytes: z.number().nullable(),
  created_at: z.string().nullable(),
});

export const imagePage = z.object({
  images: z.array(imageRow),
  total: z.int().describe('Files that match.'),
  next_after: z.string().nullable().describe('Pass as after for the next page; null on the last.'),
  unavailable: z.array(unavailableRow).describe('Storages that could not be read.'),
});

type ImageFilters = z.output<typeof imageFilters>;
export type ImagePage = z.output<typeof imagePage>;

/** Place in the order of the list; a local file of the same volid on another node is another file. */
const positionOf = (volume: FoundVolume): string => `${volume.volid} ${volume.nodes[0] ?? ''}`;
const DATE_LENGTH = 'YYYY-MM-DD'.length;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Filters and cuts one page out of what was found. */
export function pageOfImages({ volumes, unavailable }: FoundContent, { name, limit, after }: ImageFilters): ImagePage {
  const wanted = name?.toLowerCase();
  const matching = volumes
    .filter((volume) => wanted === undefined || volume.filename.toLowerCase().includes(wanted))
    .toSorted((a, b) => compare(positionOf(a), positionOf(b)));
  const rest = after === undefined ? matching : matching.filter((volume) => compare(positionOf(volume), after) > 0);
  const page = rest.slice(0, limit);
  const last = page.at(-1);
  return {
    images: page.map(({ volid, storage: on, nodes, filename, format, sizeBytes, createdSeconds }) => ({
      volid,
      storage: on,
      nodes: [...nodes],
      filename,
      format,
      size_bytes: sizeBytes,
      created_at: isoTime(createdSeconds),
    })),
    total: matching.length,
    next_after: rest.length > page.length && last !== undefined ? positionOf(last) : null,
    unavailable: unavailable.map(rowOfUnavailable),
  };
}

/** One line per file: `"local:iso/debian.iso" 783 MiB, pve1, 2026-11-04`. */
export function textOfImages({ images, total, next_after, unavailable }: ImagePage, label: string): string {
  return [
    `${total} ${label}${total === 1 ? '' : 's'}`,
    ...images.map(
      (row) =>
        `${showUntrusted(row.volid)} ${formatBytes(row.size_bytes)}, ${row.nodes.join(' ')}${row.created_at === null ? '' : `, ${row.created_at.slice(0, DATE_LENGTH)}`}`,
    ),
    ...(next_after === null ? [] : [`${images.length} of ${total} shown; next page: after=${showUntrusted(next_after, 400)}`]),
    ...unavailable.map(lineOfUnavailable),
  ].join('\n');
}
