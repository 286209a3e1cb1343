import { expect, test } from 'vitest';
import { dropOldest } from '../../src/domain/drop-oldest.ts';

test('what came in first is forgotten first, and nothing that finds room', () => {
  const seen = new Set(['a', 'b', 'c', 'd']);
  dropOldest(seen, 4);
  expect([...seen]).toEqual(['a', 'b', 'c', 'd']);
  dropOldest(seen, 2);
  expect([...seen]).toEqual(['c', 'd']);
});

test('a key that is set again keeps its place in a map, unless it is taken out first', () => {
  const counts = new Map([['a', 1]]).set('b', 1).set('a', 2);
  dropOldest(counts, 1);
  expect([...counts]).toEqual([['b', 1]]);
});
