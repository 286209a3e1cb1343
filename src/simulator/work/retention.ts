import type { Volume } from '../model/storage.ts';

export type Mark = 'keep' | 'remove' | 'protected';

const PERIODS: ReadonlyArray<readonly [string, (date: Date) => string]> = [
  ['keep-hourly', (date) => date.toISOString().slice(0, 13)],
  ['keep-daily', (date) => date.toISOString().slice(0, 10)],
  ['keep-weekly', (date) => String(Math.floor((date.getTime() / 86_400_000 + 3) / 7))],
  ['keep-monthly', (date) => date.toISOString().slice(0, 7)],
  ['keep-yearly', (date) => date.toISOString().slice(0, 4)],
];

/** Reads `keep-last=3,keep-daily=7`. */
export const readRetention = (text: string): ReadonlyMap<string, number> =>
  new Map(
    text
      .split(',')
      .filter((part) => part !== '')
      .map((part) => {
        const [key = '', value = ''] = part.split('=');
        return [key, Number(value)] as const;
      }),
  );

/**
 * Decides which backups of each guest stay. Protected ones always do and count for nothing.
 * @see pve-storage PVE/Storage.pm prune_mark_backup_group
 */
export function markBackups(backups: readonly Volume[], retention: ReadonlyMap<string, number>): Map<Volume, Mark> {
  const marks = new Map<Volume, Mark>();
  const keepsAll = retention.size === 0 || retention.get('keep-all') === 1 || [...retention.values()].every((count) => !(count > 0));
  for (const group of Map.groupBy(backups, (volume) => `${volume.subtype ?? ''}/${volume.vmid ?? ''}`).values()) {
    const newestFirst = group.toSorted((one, other) => other.ctime - one.ctime);
    for (const volume of newestFirst) if (volume.isProtected === true) marks.set(volume, 'protected');
    const open = newestFirst.filter((volume) => volume.isProtected !== true);
    if (keepsAll) {
      for (const volume of open) marks.set(volume, 'keep');
      continue;
    }
    for (const volume of open.slice(0, retention.get('keep-last') ?? 0)) marks.set(volume, 'keep');
    for (const [key, periodOf] of PERIODS) {
      const count = retention.get(key) ?? 0;
      const covered = new Set(
        open.filter((volume) => marks.get(volume) === 'keep').map((volume) => periodOf(new Date(volume.ctime * 1000))),
      );
      const chosen = new Set<string>();
      for (const volume of open) {
        const period = periodOf(new Date(volume.ctime * 1000));
        if (marks.has(volume) || covered.has(period) || chosen.has(period)) continue;
        if (chosen.size >= count) break;
        chosen.add(period);
        marks.set(volume, 'keep');
      }
    }
    for (const volume of open) if (!marks.has(volume)) marks.set(volume, 'remove');
  }
  return marks;
}
