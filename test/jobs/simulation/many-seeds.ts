import { expect } from 'vitest';
import type { FaultModel } from './models.ts';
import { MODELS } from './models.ts';
import { simulate } from './simulate.ts';

/** Seeds of one model in the ordinary test run, and the jobs they come to at least. */
const SEEDS_PER_MODEL = 175;
const JOBS_PER_MODEL = 15_000;
const OPERATIONS_PER_SEED = 310;

export function modelNamed(name: FaultModel['name']): FaultModel {
  const model = MODELS.find((one) => one.name === name);
  if (!model) throw new RangeError(`no model ${name}`);
  return model;
}

/** Runs all seeds of a model and expects every promise to hold; a failure says how to repeat its seed. */
export async function expectPromisesToHold(name: FaultModel['name']): Promise<void> {
  const model = modelNamed(name);
  const broken: string[] = [];
  let jobs = 0;
  let kills = 0;
  let doubts = 0;
  for (let seed = 1; seed <= SEEDS_PER_MODEL; seed += 1) {
    const result = await simulate({ seed, model, operations: OPERATIONS_PER_SEED });
    jobs += result.jobs;
    kills += result.kills;
    doubts += result.doubts;
    for (const violation of result.violations)
      broken.push(
        `${violation}; repeat: npm run test:simulation -- --seeds 1 --from ${seed} --model '${name}' --operations ${OPERATIONS_PER_SEED}`,
      );
  }
  expect(broken).toEqual([]);
  expect(jobs).toBeGreaterThanOrEqual(JOBS_PER_MODEL);
  // A run without kills and doubts would prove nothing.
  expect(kills).toBeGreaterThan(SEEDS_PER_MODEL);
  expect(doubts).toBeGreaterThan(SEEDS_PER_MODEL);
}
