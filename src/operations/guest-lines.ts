import { formatDuration, formatPercent } from '../domain/units.ts';
import { showUntrusted } from '../domain/untrusted-text.ts';
import type { GuestPage } from './guest-page.ts';

type GuestRow = GuestPage['guests'][number];

const GIB = 1024 ** 3;

/**
 * A page of guests in as few words as hold its facts: what is common to several stands above them, the columns are told
 * once, and what is not the case is left out.
 */
export function textOfGuests(page: GuestPage, label: 'VM' | 'container'): string {
  const counts = [`${page.running} running`, `${page.stopped} stopped`, ...(page.unknown > 0 ? [`${page.unknown} unknown`] : [])];
  const age = page.age_seconds > 0 ? ` (${page.age_seconds} s ago)` : '';
  const groups = Map.groupBy(page.guests, commonOf);
  return [
    `${page.total} ${label}${page.total === 1 ? '' : 's'}: ${counts.join(', ')}${age}`,
    ...(page.guests.length === 0 ? [] : ['vmid name cores memory disk (GiB), when running CPU%cores used%memory disk uptime; tags']),
    ...[...groups].flatMap(([common, guests]) => [`${common}:`, ...guests.map(lineOfGuest)]),
    ...(page.next_after === null ? [] : [`${page.guests.length} of ${page.total} shown; next page: after=${page.next_after}`]),
    ...(page.partial === null ? [] : [page.partial]),
  ].join('\n');
}

/** How many guests, from the first, fit into a text of about so many characters. At least one. */
export function countFitting(guests: readonly GuestRow[], characters: number): number {
  const seen = new Set<string>();
  let left = characters;
  const tooMany = guests.findIndex((guest) => {
    const common = commonOf(guest);
    left -= lineOfGuest(guest).length + 1 + (seen.has(common) ? 0 : common.length + 2);
    seen.add(common);
    return left < 0;
  });
  return tooMany < 0 ? guests.length : Math.max(1, tooMany);
}

/** What a guest shares with others: `pve1 running pool=production`. */
function commonOf({ node, status, pool }: GuestRow): string {
  return `${node} ${status}${pool === null ? '' : ` pool=${showUntrusted(pool)}`}`;
}

/** `101 web 12%4 57%8 32 30d prod;web`. */
function lineOfGuest(guest: GuestRow): string {
  const { name, cpus, lock, tags, ha_state: ha } = guest;
  const running = guest.status === 'running';
  const cores = cpus === null ? '?' : String(cpus);
  return [
    String(guest.vmid),
    name === null ? '(name unknown)' : showUntrusted(name),
    running && guest.cpu_usage !== null ? `${formatPercent(guest.cpu_usage)}${cores}` : cores,
    running ? `${usedPercent(guest)}${gib(guest.max_memory_bytes)}` : gib(guest.max_memory_bytes),
    gib(guest.max_disk_bytes),
    ...(running && guest.uptime_seconds !== null ? [formatDuration(guest.uptime_seconds).replace(/ .*/, '')] : []),
    ...(tags.length === 0 ? [] : [tags.map((tag) => showUntrusted(tag)).join(';')]),
    ...(guest.template ? ['template'] : []),
    ...(lock === null ? [] : [`lock=${showUntrusted(lock)}`]),
    ...(ha === null ? [] : [`ha=${showUntrusted(ha)}`]),
  ].join(' ');
}

function usedPercent({ memory_bytes: used, max_memory_bytes: all }: GuestRow): string {
  return used === null || all === null || all === 0 ? '' : formatPercent(used / all);
}

/** GiB with one decimal below ten; the exact bytes are in the structured answer. */
function gib(bytes: number | null): string {
  if (bytes === null) return '?';
  const size = bytes / GIB;
  return size >= 10 || size === 0 ? String(Math.round(size)) : size.toFixed(size < 0.1 ? 2 : 1).replace(/\.?0+$/, '');
}
