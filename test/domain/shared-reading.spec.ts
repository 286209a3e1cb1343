import { expect, test } from 'vitest';
import { sharedReading } from '../../src/domain/shared-reading.ts';

test('one reading is shared until it is too old, and a failure by nobody who asks after it', async () => {
  let now = 0;
  const answers = [Promise.resolve(1), Promise.reject(new Error('locked')), Promise.resolve(3)];
  const read = sharedReading(() => answers.shift() ?? Promise.resolve(0), { monotonic: () => now }, 1000);
  expect(await Promise.all([read(), read()])).toEqual([1, 1]);
  now = 999;
  expect(await read()).toBe(1);
  now = 1000;
  await expect(Promise.all([read(), read()])).rejects.toThrow('locked');
  expect(await read()).toBe(3);
});
