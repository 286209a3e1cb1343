import { z } from 'zod';
import type { GuestSummary } from '../proxmox/cluster.ts';
import type { GuestList } from '../proxmox/inventory.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';
import { countFitting } from './guest-lines.ts';
import type { GuestPage, guestRow } from './guest-page.ts';
import { node, pool } from './inputs.ts';
import { oncePerList } from './once-per-list.ts';
import { whyPartial } from './partial-list.ts';

/** A page that nobody gave a length: what a model can take in at once, in guests and in characters of text. */
const PAGE_LENGTH = 100;
const PAGE_CHARACTERS = 3800;

/** How a long list of guests may be narrowed and paged. */
export const guestFilters = z.object({
  node: node.optional(),
  status: z.enum(['running', 'stopped', 'unknown']).optional().describe('Only guests in this state.'),
  tag: z.string().max(100).optional().describe('Only guests with this tag.'),
  pool: pool.optional(),
  name: z.string().max(100).optional().describe('Only names that contain this.'),
  limit: z.int().min(1).max(1000).optional().describe('Guests per page; when left out about 100, fewer where they need more words.'),
  after: z.int().min(0).max(999_999_999).default(0).describe('Next page: the next_after of the last one.'),
});

type GuestFilters = z.output<typeof guestFilters>;

/** The guests of each type, ordered by id. */
const inOrder = oncePerList((guests: readonly GuestSummary[]) => {
  const sorted = guests.toSorted((a, b) => a.vmid - b.vmid);
  return { qemu: sorted.filter(({ type }) => type === 'qemu'), lxc: sorted.filter(({ type }) => type === 'lxc') };
});

/** Filters, counts and cuts one page out of all guests of one type, ordered by id. */
export function pageOfGuests(type: GuestSummary['type'], { guests, ageSeconds }: GuestList, filters: GuestFilters): GuestPage {
  const wantedName = filters.name?.toLowerCase();
  const length = filters.limit ?? PAGE_LENGTH;
  const counts = { running: 0, stopped: 0, unknown: 0 };
  const rest: GuestSummary[] = [];
  for (const guest of inOrder(guests)[type]) {
    if (
      (filters.node !== undefined && guest.node !== filters.node) ||
      (filters.status !== undefined && guest.status !== filters.status) ||
      (filters.tag !== undefined && !guest.tags.includes(filters.tag)) ||
      (filters.pool !== undefined && guest.pool !== filters.pool) ||
      (wantedName !== undefined && guest.name?.toLowerCase().includes(wantedName) !== true)
    )
      continue;
    counts[guest.status] += 1;
    if (guest.vmid > filters.after && rest.length <= length) rest.push(guest);
  }
  const rows = rest.slice(0, length).map(rowOf);
  const page = filters.limit === undefined ? rows.slice(0, countFitting(rows, PAGE_CHARACTERS)) : rows;
  return {
    guests: page,
    total: counts.running + counts.stopped + counts.unknown,
    ...counts,
    next_after: rest.length > page.length ? (page.at(-1)?.vmid ?? null) : null,
    age_seconds: ageSeconds,
    partial: null,
  };
}

/** The page, which says so when the token sees no guest at all because it may see none. */
export async function withReason(page: GuestPage, { guests }: GuestList, pve: ProxmoxReader): Promise<GuestPage> {
  return guests.length > 0 ? page : { ...page, partial: await whyPartial(pve, [['/vms', 'VM.Audit']]) };
}

function rowOf(guest: GuestSummary): z.output<typeof guestRow> {
  return {
    vmid: guest.vmid,
    name: guest.name,
    node: guest.node,
    status: guest.status,
    cpus: guest.cpus,
    cpu_usage: guest.cpuUsage,
    memory_bytes: guest.memoryBytes,
    max_memory_bytes: guest.maxMemoryBytes,
    max_disk_bytes: guest.maxDiskBytes,
    uptime_seconds: guest.uptimeSeconds,
    tags: [...guest.tags],
    pool: guest.pool,
    lock: guest.lock,
    template: guest.template,
    ha_state: guest.haState,
  };
}
