import { expect, test } from 'vitest';
import { createTally } from '../../src/domain/tally.ts';

test('counts under each key and in all, and forgets a key with the last one', () => {
  const tally = createTally();
  for (const key of ['a', 'b', 'a']) tally.add(key);
  expect([tally.of('a'), tally.of('b'), tally.of('c'), tally.total()]).toEqual([2, 1, 0, 3]);
  for (const key of ['a', 'b', 'b', 'c']) tally.remove(key);
  expect([...tally.keys()]).toEqual(['a']);
  expect(tally.total()).toBe(1);
});
