import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { withPatience } from '../../src/dispatch/patience.ts';
import { systemClock, type Clock } from '../../src/domain/clock.ts';

/** A clock whose sleeps end with the next turn of the event loop, as when the loop was busy all the while. */
function busyClock(): { clock: Clock; slept: () => number } {
  let slept = 0;
  const clock: Clock = {
    ...systemClock,
    async sleep(milliseconds) {
      slept += milliseconds;
      await setImmediate();
    },
  };
  return { clock, slept: () => slept };
}

/** Work of so many steps, each of which needs a turn of the event loop. */
async function steps(count: number): Promise<void> {
  for (let step = 0; step < count; step += 1) await setImmediate();
}

test('work that goes on, one step in each turn of a busy loop, is waited for', async () => {
  const { clock } = busyClock();
  await expect(withPatience(steps(12), { clock, withinMs: 900 })).resolves.toBeUndefined();
});

test('work that never ends is given up after the time, counted in sleeps', async () => {
  const { clock, slept } = busyClock();
  await expect(withPatience(new Promise(() => undefined), { clock, withinMs: 900 })).rejects.toThrow('not done within 900 ms');
  expect(slept()).toBeCloseTo(900);
});

test('work that fails fails at once', async () => {
  const { clock, slept } = busyClock();
  await expect(withPatience(Promise.reject(new Error('no room')), { clock, withinMs: 900 })).rejects.toThrow('no room');
  expect(slept()).toBeLessThan(100);
});
