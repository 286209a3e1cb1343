import type { FoundVolume } from '../../proxmox/content-search.ts';

/** Those of unknown age come last. */
const timeOf = ({ createdSeconds }: FoundVolume): number => createdSeconds ?? -1;

/**
 * One page of volumes, newest first. Only the page itself is sorted: sorting fifty thousand volumes would hold everybody
 * else up, finding the first and the last time of the page does not.
 */
export function newestPage(volumes: readonly FoundVolume[], after: number, limit: number): readonly FoundVolume[] {
  const end = Math.min(after + limit, volumes.length);
  if (after >= end) return [];
  const times = new Float64Array(volumes.length);
  for (const [index, volume] of volumes.entries()) times[index] = timeOf(volume);
  const newest = select(times, volumes.length - 1 - after);
  const oldest = select(times, volumes.length - end);
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

/** The number that would stand at `position` if they were sorted in ascending order. Rearranges them. */
function select(numbers: Float64Array, position: number): number {
  let [low, high] = [0, numbers.length - 1];
  while (low < high) {
    const pivot = numbers[(low + high) >> 1] ?? 0;
    let [left, right] = [low, high];
    while (left <= right) {
      while ((numbers[left] ?? 0) < pivot) left += 1;
      while ((numbers[right] ?? 0) > pivot) right -= 1;
      if (left > right) break;
      const moved = numbers[left] ?? 0;
      numbers[left] = numbers[right] ?? 0;
      numbers[right] = moved;
      left += 1;
      right -= 1;
    }
    if (position <= right) high = right;
    else if (position >= left) low = left;
    else break;
  }
  return numbers[position] ?? 0;
}
