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

/** Times two kinds of work in turn, so that whatever else the machine does falls on both alike. */
export async function compared(
  runs: number,
  baseline: (n: number) => Promise<unknown>,
  work: (n: number) => Promise<unknown>,
  warmUp = 2,
): Promise<{ readonly baseline: Timing; readonly work: Timing; readonly ratio: number }> {
  const samples: [number[], number[]] = [[], []];
  for (let n = -warmUp; n < runs; n++) {
    for (const [index, run] of [baseline, work].entries()) {
      const startedAt = performance.now();
      await run(n);
      if (n >= 0) samples[index]?.push(performance.now() - startedAt);
    }
  }
  const [first, second] = [timingOf(samples[0]), timingOf(samples[1])];
  return { baseline: first, work: second, ratio: second.medianMs / first.medianMs };
}

/** Runs per second that `clients` reach together within a time, and how long each run took. */
export async function throughput(
  clients: number,
  milliseconds: number,
  work: (client: number) => Promise<unknown>,
): Promise<Timing & { readonly perSecond: number; readonly runs: number }> {
  const samples: number[] = [];
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (performance.now() - startedAt < milliseconds) {
        const began = performance.now();
        await work(client);
        samples.push(performance.now() - began);
      }
    }),
  );
  return { ...timingOf(samples), runs: samples.length, perSecond: (samples.length * 1000) / (performance.now() - startedAt) };
}
