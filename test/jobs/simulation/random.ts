/** Seeded chance: the same seed gives the same run. */
export interface Chance {
  /** 0 <= n < 1 */
  next(): number;
  /** True with this probability. */
  happens(probability: number): boolean;
  between(low: number, high: number): number;
  pick<T>(from: readonly T[]): T;
  uuid(): string;
}

export function chance(seed: number): Chance {
  let state = (seed * 2_654_435_761) >>> 0 || 1;
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const hex = (digits: number): string =>
    Math.floor(next() * 16 ** digits)
      .toString(16)
      .padStart(digits, '0');
  return {
    next,
    happens: (probability) => probability > 0 && next() < probability,
    between: (low, high) => low + next() * (high - low),
    pick<T>(from: readonly T[]): T {
      return from[Math.floor(next() * from.length)] as T;
    },
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(8)}${hex(4)}`,
  };
}
