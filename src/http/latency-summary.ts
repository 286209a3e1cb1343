import type { Counter, Gauge, Registry } from 'prom-client';

type Named = readonly [name: string, help: string];

export interface LatencySummaryOptions {
  readonly calls: Named;
  /** Stem of the names that end in `_sum`, `_max` and `_avg`. */
  readonly latency: Named;
  readonly labels: readonly string[];
}

/** The predecessor's family of metrics: a count, and the sum, largest and average latency in milliseconds. */
export interface LatencySummary {
  /** `values` in the order of the labels. */
  observe(values: readonly string[], milliseconds: number): void;
  /** Puts what was observed into the metrics; call it before they are read. */
  collect(): void;
}

export function createLatencySummary(
  library: { readonly Counter: typeof Counter; readonly Gauge: typeof Gauge },
  registers: Registry[],
  { calls, latency, labels }: LatencySummaryOptions,
): LatencySummary {
  const labelNames = [...labels];
  const [stem, help] = latency;
  const count = new library.Counter({ name: calls[0], help: calls[1], labelNames, registers });
  const sum = new library.Counter({ name: `${stem}_sum`, help: `${help}, total`, labelNames, registers });
  const max = new library.Gauge({ name: `${stem}_max`, help: `${help}, largest`, labelNames, registers });
  const average = new library.Gauge({ name: `${stem}_avg`, help: `${help}, average`, labelNames, registers });
  const totals = new Map<string, { readonly labels: Record<string, string>; count: number; sum: number; max: number }>();
  return {
    observe(values, milliseconds) {
      const key = values.join('\n');
      let total = totals.get(key);
      if (!total) {
        total = { labels: Object.fromEntries(labelNames.map((name, index) => [name, values[index] ?? ''])), count: 0, sum: 0, max: 0 };
        totals.set(key, total);
      }
      total.count += 1;
      total.sum += milliseconds;
      total.max = Math.max(total.max, milliseconds);
    },
    collect() {
      for (const metric of [count, sum, max, average]) metric.reset();
      for (const total of totals.values()) {
        count.inc(total.labels, total.count);
        sum.inc(total.labels, total.sum);
        max.set(total.labels, total.max);
        average.set(total.labels, total.sum / total.count);
      }
    },
  };
}
