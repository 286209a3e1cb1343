import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canEverAllow } from '../../src/policy/can-ever-allow.ts';
import { decide } from '../../src/policy/decide.ts';
import { isStricter } from '../../src/policy/decision.ts';
import { explain } from '../../src/policy/explain.ts';
import type { PolicyInput } from '../../src/policy/policy-schema.ts';
import type { TargetFacts } from '../../src/policy/request.ts';
import { policy } from './facts.ts';
import { input, request, rule, target } from './policy-arbitraries.ts';

type Rule = NonNullable<PolicyInput['rules']>[number];
const RUNS = { numRuns: 1_500, seed: 2_026 };

const withRules = (base: PolicyInput, rules: Rule[]): PolicyInput => ({ ...base, rules });
const withCommandRules = (base: PolicyInput, rules: NonNullable<NonNullable<PolicyInput['commands']>['rules']>): PolicyInput => ({
  ...base,
  commands: { ...base.commands, rules },
});

describe('whatever the policy and the call', () => {
  test('a rule that denies everything wins', () => {
    fc.assert(
      fc.property(input, request, (base, facts) => {
        expect(decide(facts, policy(withRules(base, [...(base.rules ?? []), { effect: 'deny' }]))).effect).toBe('deny');
      }),
      RUNS,
    );
  });

  test('the order of rules plays no part', () => {
    fc.assert(
      fc.property(input, request, (base, facts) => {
        const turned = withCommandRules(withRules(base, (base.rules ?? []).toReversed()), (base.commands?.rules ?? []).toReversed());
        expect(decide(facts, policy(turned)).effect).toBe(decide(facts, policy(base)).effect);
      }),
      RUNS,
    );
  });

  test('the order of targets plays no part', () => {
    fc.assert(
      fc.property(input, request, (base, facts) => {
        expect(decide({ ...facts, targets: facts.targets.toReversed() }, policy(base)).effect).toBe(decide(facts, policy(base)).effect);
      }),
      RUNS,
    );
  });

  test('another rule that denies never permits more', () => {
    fc.assert(
      fc.property(input, request, rule, (base, facts, added) => {
        const before = decide(facts, policy(base)).effect;
        const after = decide(facts, policy(withRules(base, [...(base.rules ?? []), { ...added, effect: 'deny' }]))).effect;
        expect(isStricter(before, after)).toBe(false);
        const command = decide(
          facts,
          policy(withCommandRules(base, [...(base.commands?.rules ?? []), { effect: 'deny', program: 'uname', any_arguments: true }])),
        ).effect;
        expect(isStricter(before, command)).toBe(false);
      }),
      RUNS,
    );
  });

  test('another rule that allows never permits less, and another that asks never allows', () => {
    fc.assert(
      fc.property(input, request, rule, (base, facts, added) => {
        const before = decide(facts, policy(base)).effect;
        const conditioned = Object.keys(added).length > 1 ? added : { ...added, nodes: ['pve1'] };
        expect(
          isStricter(decide(facts, policy(withRules(base, [...(base.rules ?? []), { ...conditioned, effect: 'allow' }]))).effect, before),
        ).toBe(false);
        const asking = decide(facts, policy(withRules(base, [...(base.rules ?? []), { ...added, effect: 'ask' }]))).effect;
        if (asking === 'allow') expect(before).toBe('allow');
      }),
      RUNS,
    );
  });

  test('a fact that goes missing never permits more', () => {
    const fact = fc.constantFrom<keyof TargetFacts>('vmid', 'node', 'guestType', 'tags', 'pool', 'template', 'protected');
    fc.assert(
      fc.property(input, request, fact, (base, facts, missing) => {
        const forgotten = facts.targets.map((known) => ({ ...known, [missing]: undefined }));
        expect(isStricter(decide(facts, policy(base)).effect, decide({ ...facts, targets: forgotten }, policy(base)).effect)).toBe(false);
      }),
      RUNS,
    );
  });

  test('another target, another scope taken away, read-only, untrusted text: none of them permits more', () => {
    fc.assert(
      fc.property(input, request, target, (base, facts, added) => {
        const before = decide(facts, policy(base)).effect;
        if (facts.targets.length > 0)
          expect(isStricter(before, decide({ ...facts, targets: [...facts.targets, added] }, policy(base)).effect)).toBe(false);
        expect(
          isStricter(
            before,
            decide({ ...facts, principal: { ...facts.principal, scopes: facts.principal.scopes.slice(1) } }, policy(base)).effect,
          ),
        ).toBe(false);
        expect(isStricter(before, decide(facts, policy({ ...base, read_only: true })).effect)).toBe(false);
        const unconditioned = {
          ...base,
          rules: (base.rules ?? []).filter((one) => one.untrusted_text === undefined),
          commands: { ...base.commands, rules: [] },
        };
        expect(
          isStricter(
            decide({ ...facts, untrustedTextRead: false }, policy(unconditioned)).effect,
            decide({ ...facts, untrustedTextRead: true }, policy(unconditioned)).effect,
          ),
        ).toBe(false);
      }),
      RUNS,
    );
  });

  test('what is not denied is listed', () => {
    fc.assert(
      fc.property(input, request, (base, facts) => {
        const settings = policy(base);
        if (decide(facts, settings).effect !== 'deny') expect(canEverAllow(facts.operation, facts.principal, settings)).toBe(true);
      }),
      RUNS,
    );
  });

  test('the explanation tells the decision and holds a step that gives its reason', () => {
    fc.assert(
      fc.property(input, request, (base, facts) => {
        const { decision, steps } = explain(facts, policy(base));
        expect(decision).toEqual(decide(facts, policy(base)));
        expect(steps.some((step) => step.says === decision.effect && step.detail === decision.reason)).toBe(true);
        for (const step of steps) expect(step.detail).toMatch(/^[A-Z].*[.]$/s);
        expect(decision.reason).toMatch(/^[A-Z].*[.]$/s);
      }),
      RUNS,
    );
  });

  test('a decision is a function of its facts', () => {
    fc.assert(
      fc.property(input, request, (base, facts) => {
        expect(decide(structuredClone(facts), policy(structuredClone(base)))).toEqual(decide(facts, policy(base)));
      }),
      RUNS,
    );
  });
});
