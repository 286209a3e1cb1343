import { expect, test } from 'vitest';
import { ALL_SAFEGUARDS } from '../../../src/jobs/safeguards.ts';
import type { Safeguards } from '../../../src/jobs/safeguards.ts';
import { MODELS } from './models.ts';
import type { FaultModel } from './models.ts';
import { modelNamed } from './many-seeds.ts';
import type { WorldFaults } from './world.ts';
import { simulate } from './simulate.ts';

const SEEDS = 150;

/** The faults that a safeguard is for; all models in turn for those not named. */
const MODEL_FOR: Partial<Record<keyof Safeguards, FaultModel['name']>> = {
  baseline: 'foreign tasks',
  singleCandidate: 'foreign tasks',
  sendDeadline: 'long pauses',
  fencing: 'long pauses',
  taint: 'unbounded delay',
  voidFailedReads: 'bounded delay',
};

/** Faults that are made frequent for a safeguard that few runs would need. */
const FAULTS_FOR: Partial<Record<keyof Safeguards, Partial<WorldFaults>>> = {
  voidFailedReads: { lostResponse: 0.7, nodeDown: 90_000, nodeDownMs: [170_000, 300_000] },
  taint: { late: 0.4 },
};

const names = Object.keys(ALL_SAFEGUARDS) as (keyof Safeguards)[];

test('a server cannot be started with a safeguard off by accident', () => {
  expect(Object.isFrozen(ALL_SAFEGUARDS)).toBe(true);
  expect(Object.values(ALL_SAFEGUARDS)).toEqual(names.map(() => true));
  expect(names.length).toBeGreaterThanOrEqual(16);
});

test.each(names)('without %s a promise breaks', { timeout: 240_000 }, async (name) => {
  const only = MODEL_FOR[name];
  const models = only === undefined ? MODELS : [modelNamed(only)];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const chosen = models[seed % models.length];
    if (!chosen) continue;
    const model = { ...chosen, world: { ...chosen.world, ...FAULTS_FOR[name] } };
    const { violations } = await simulate({ seed, model, operations: 300, safeguards: { [name]: false } });
    if (violations.length > 0) return;
  }
  expect.unreachable(`${SEEDS} seeds went by without damage`);
});
