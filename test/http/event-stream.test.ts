import { expect, test } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import { eventStream } from '../../src/http/event-stream.ts';

test('a stream whose source fails ends once, stops listening, gives its place back and says why', async () => {
  const faults: unknown[] = [];
  let ends = 0;
  let listeners = 0;
  const response = eventStream({
    clock: systemClock,
    heartbeatMs: 60_000,
    lifetimeMs: 60_000,
    signal: new AbortController().signal,
    next: () => Promise.reject(new Error('the store is gone')),
    listen() {
      listeners += 1;
      return () => {
        listeners -= 1;
      };
    },
    onFault: (error) => faults.push(error),
    onEnd() {
      ends += 1;
    },
  });
  expect(await response.text()).toBe('retry: 3000\n\n');
  expect({ ends, listeners }).toEqual({ ends: 1, listeners: 0 });
  expect(faults).toEqual([new Error('the store is gone')]);
});
