import { expect, test } from 'vitest';
import { SAFEGUARDS, without } from '../../../src/jobs/safeguards.ts';
import type { Safeguard } from '../../../src/jobs/safeguards.ts';
import { MODELS } from './models.ts';
import type { FaultModel } from './models.ts';
import { modelNamed } from './many-seeds.ts';
import type { WorldFaults } from './world.ts';
import { simulate } from './simulate.ts';

const SEEDS = 150;

/** The faults that a safeguard is for; all models in turn for those not named. */
const MODEL_FOR: Partial<Record<Safeguard, FaultModel['name']>> = {
  baseline: 'foreign tasks',
  singleCandidate: 'foreign tasks',
  sendDeadline: 'long pauses',
  fencing: 'long pauses',
  taint: 'unbounded delay',
  voidFailedReads: 'bounded delay',
};

/** Faults that are made frequent for a safeguard that few runs would need. */
const FAULTS_FOR: Partial<Record<Safeguard, Partial<WorldFaults>>> = {
  voidFailedReads: { lostResponse: 0.7, nodeDown: 90_000, nodeDownMs: [170_000, 300_000] },
  taint: { late: 0.4 },
};

test('a server cannot be started with a safeguard off by accident', () => {
  expect(SAFEGUARDS.length).toBeGreaterThanOrEqual(16);
  expect(SAFEGUARDS.filter((safeguard) => without?.(safeguard))).toEqual([]);
});

test.each(SAFEGUARDS)('without %s a promise breaks', { timeout: 240_000 }, async (name) => {
  const only = MODEL_FOR[name];
  const models = only === undefined ? MODELS : [modelNamed(only)];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const chosen = models[seed % models.length];
    if (!chosen) continue;
    const model = { ...chosen, world: { ...chosen.world, ...FAULTS_FOR[name] } };
    const { violations } = await simulate({ seed, model, operations: 300, without: name });
    if (violations.length > 0) return;
  }
  expect.unreachable(`${SEEDS} seeds went by without damage`);
});
