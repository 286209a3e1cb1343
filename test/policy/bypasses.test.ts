import { describe, expect, test } from 'vitest';
import { decide } from '../../src/policy/decide.ts';
import bypasses from './bypasses.json' with { type: 'json' };
import { command, policy } from './facts.ts';

describe.each(bypasses)('$policy', ({ commands, accepts, refuses }) => {
  const typical = policy({ commands: commands });

  test.each(accepts)('accepts %j, as it was meant to', (words) => {
    expect(decide(command(words), typical)).toMatchObject({ effect: 'allow', code: 'CMD_POLICY_ALLOW' });
  });

  test(`refuses all ${refuses.length} attempts to get past it`, () => {
    expect(refuses.filter((words) => decide(command(words), typical).effect !== 'deny')).toEqual([]);
  });
});

test('the corpus holds at least 300 different attempts', () => {
  expect(new Set(bypasses.flatMap(({ refuses }) => refuses.map((words) => JSON.stringify(words)))).size).toBeGreaterThanOrEqual(300);
});
