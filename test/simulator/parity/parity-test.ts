import { afterAll, beforeAll, test as vitest } from 'vitest';
import { KNOWN_DIFFERENCES } from './known-differences.ts';
import { openTarget, type ParityTarget } from './open-target.ts';

/**
 * Gives the tests of a file one Proxmox VE to talk to. What it answers declares one sentence about it: known differences of the
 * real one are expected to fail there, and nothing is skipped.
 */
export function paritySuite(): (title: string, body: (pve: ParityTarget) => Promise<void>) => void {
  let target: ParityTarget;
  beforeAll(async () => {
    target = await openTarget();
  });
  afterAll(async () => {
    await target.close();
  });
  return (title, body) => {
    const isDifferent = process.env['PVE_URL'] !== undefined && KNOWN_DIFFERENCES[title] !== undefined;
    (isDifferent ? vitest.fails : vitest)(title, () => body(target), 180_000);
  };
}

/** The rows of an answer. */
export function rows(data: unknown): ReadonlyArray<Readonly<Record<string, unknown>>> {
  return data as ReadonlyArray<Readonly<Record<string, unknown>>>;
}
