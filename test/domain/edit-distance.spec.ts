import { expect, test } from 'vitest';
import { editDistance } from '../../src/domain/edit-distance.ts';

test.each([
  ['vmid', 'vmid', 0],
  ['vmid', 'vmd', 1],
  ['vmid', 'vmiid', 1],
  ['vmid', 'vmit', 1],
  // A swap of neighbours is one slip of the fingers.
  ['snapshot', 'snaphsot', 1],
  ['', 'node', 4],
  ['start', 'stop', 3],
] as const)('from %j to %j are %d edits, either way', (one, other, edits) => {
  expect(editDistance(one, other)).toBe(edits);
  expect(editDistance(other, one)).toBe(edits);
});
