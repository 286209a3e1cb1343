import { randomUUID } from 'node:crypto';

/** Chance as a value that tests can seed. */
export interface Randomness {
  uuid(): string;
  /** 0 <= n < 1 */
  next(): number;
}

export const systemRandomness: Randomness = { uuid: () => randomUUID(), next: () => Math.random() };
