import { expect, test } from 'vitest';
import { flatMapInSlices } from '../../src/proxmox/in-slices.ts';

test('of many long lists that are read at once, one piece is read in each round of the event loop', async () => {
  let round = 0;
  let isDone = false;
  const count = (): void => {
    round += 1;
    if (!isDone) setImmediate(count);
  };
  count();
  const rounds: number[] = [];
  const rows = Array.from({ length: 3000 }, (_, n) => n);
  const read = (row: number): number[] => {
    if (row % 1000 === 0) rounds.push(round);
    return [row];
  };
  const lists = await Promise.all([1, 2, 3].map(() => flatMapInSlices(rows, read)));
  isDone = true;
  expect(lists).toEqual([rows, rows, rows]);
  expect(new Set(rounds).size).toBe(9);
});
