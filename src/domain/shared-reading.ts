import type { Clock } from './clock.ts';

/** Reads at most once within a time, for all who ask; a failure is told to them and read again for the next. */
export function sharedReading<T>(read: () => Promise<T>, clock: Pick<Clock, 'monotonic'>, keepMs: number): () => Promise<T> {
  let latest: { readonly at: number; readonly value: Promise<T> } | undefined;
  return () => {
    const now = clock.monotonic();
    if (latest && now - latest.at < keepMs) return latest.value;
    const reading = { at: now, value: read() };
    latest = reading;
    reading.value.catch(() => {
      if (latest === reading) latest = undefined;
    });
    return reading.value;
  };
}
