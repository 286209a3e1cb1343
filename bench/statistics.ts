/** What repeated measurements come to, in milliseconds. */
export interface Timing {
  readonly medianMs: number;
  readonly p99Ms: number;
}

export function timingOf(samples: readonly number[]): Timing {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { medianMs: at(0.5), p99Ms: at(0.99) };
}

/** Runs the work one after the other and times each run; the first few are not counted. */
export async function timed(runs: number, work: (n: number) => Promise<unknown>, warmUp = 3): Promise<Timing> {
  const samples: number[] = [];
  for (let n = -warmUp; n < runs; n++) {
    const startedAt = performance.now();
    await work(n);
    if (n >= 0) samples.push(performance.now() - startedAt);
  }
  return timingOf(samples);
}

/** Runs per second that `clients` reach together within a time, and how long each run took. */
export async function throughput(
  clients: number,
  milliseconds: number,
  work: () => Promise<unknown>,
): Promise<Timing & { readonly perSecond: number }> {
  const samples: number[] = [];
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() - startedAt < milliseconds) {
        const began = performance.now();
        await work();
        samples.push(performance.now() - began);
      }
    }),
  );
  return { ...timingOf(samples), perSecond: (samples.length * 1000) / (performance.now() - startedAt) };
}
