import { expect, test } from 'vitest';
import { openSqliteStore } from '../../../src/jobs/sqlite-store.ts';
import { systemClock } from '../../../src/domain/clock.ts';
import { CALM, MODELS } from './models.ts';
import { simulate } from './simulate.ts';

test('where nothing goes wrong nothing is unknown, tainted or sent twice', { timeout: 30_000 }, async () => {
  for (let seed = 1; seed <= 10; seed += 1) {
    const { violations, states, records } = await simulate({ seed, model: CALM, operations: 300 });
    expect(violations).toEqual([]);
    expect(states['unknown'] ?? 0).toBe(0);
    expect(states['not_observed'] ?? 0).toBe(0);
    expect(records.filter((record) => record.tainted)).toEqual([]);
  }
});

test('the same seed gives the same run', { timeout: 30_000 }, async () => {
  const model = MODELS[0] ?? CALM;
  const [first, second] = [await simulate({ seed: 5, model }), await simulate({ seed: 5, model })];
  expect(second.records).toEqual(first.records);
  expect(second.steps).toBe(first.steps);
});

test('the promises hold on the real SQLite store too', { timeout: 60_000 }, async () => {
  for (let seed = 1; seed <= 12; seed += 1) {
    const model = MODELS[seed % MODELS.length] ?? CALM;
    const { violations } = await simulate({
      seed,
      model,
      operations: 150,
      openStore: (nowMs) => openSqliteStore(':memory:', { clock: { ...systemClock, now: () => new Date(nowMs()) } }),
    });
    expect(violations).toEqual([]);
  }
});
