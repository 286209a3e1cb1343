import type { FoundVolume } from '../../proxmox/content-search.ts';

/** Those of unknown age come last. */
const timeOf = ({ createdSeconds }: FoundVolume): number => createdSeconds ?? -1;

/**
 * One page of volumes, newest first. Objects are compared only within the page: sorting fifty thousand of them would hold
 * everybody else up, sorting as many numbers does not.
 */
export function newestPage(volumes: readonly FoundVolume[], after: number, limit: number): readonly FoundVolume[] {
  const end = Math.min(after + limit, volumes.length);
  if (after >= end) return [];
  const times = Float64Array.from(volumes, timeOf).toSorted();
  const newest = times[times.length - 1 - after] ?? 0;
  const oldest = times[times.length - end] ?? 0;
  let newer = 0;
  const around: FoundVolume[] = [];
  for (const volume of volumes) {
    const time = timeOf(volume);
    if (time > newest) newer += 1;
    else if (time >= oldest) around.push(volume);
  }
  around.sort((a, b) => timeOf(b) - timeOf(a) || (a.volid < b.volid ? -1 : a.volid > b.volid ? 1 : 0));
  return around.slice(after - newer, end - newer);
}
