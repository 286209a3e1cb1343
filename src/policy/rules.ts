import type { Circumstances } from './conditions.ts';
import { conditionsHold } from './conditions.ts';
import type { Conditions } from './conditions-schema.ts';
import type { DecisionEffect } from './decision.ts';
import type { TargetFacts } from './request.ts';

/** What the weighing needs of a rule, on operations or on commands. */
export interface WeighedRule {
  readonly effect: DecisionEffect;
  /** Where and for whom it holds. */
  readonly conditions: Conditions;
  /** Its name, or its place in the config. */
  readonly label: string;
  readonly reason: string | undefined;
}

/** What the rules say of one target; `effect` is undefined when none of them settles it. */
export interface RulesSay {
  readonly effect: DecisionEffect | undefined;
  /** The rules that made it so. */
  readonly rules: readonly WeighedRule[];
  /** Rules that ask and hold at least perhaps: they turn an allow from elsewhere into ask. */
  readonly asking: readonly WeighedRule[];
}

/**
 * Weighs all rules on one target. A rule that denies or asks also counts when it might hold; a rule that lifts something
 * counts only when it surely holds. Deny overrides ask, ask overrides allow; the order of rules plays no part.
 */
export function rulesSay(
  rules: readonly WeighedRule[],
  call: Circumstances,
  target: TargetFacts | undefined,
  protectedTags: readonly string[],
): RulesSay {
  const surely: WeighedRule[] = [];
  const atLeastPerhaps: WeighedRule[] = [];
  for (const rule of rules) {
    const holds = conditionsHold(rule.conditions, call, target, protectedTags);
    if (holds === 'yes') surely.push(rule);
    if (holds !== 'no') atLeastPerhaps.push(rule);
  }
  const asking = atLeastPerhaps.filter(({ effect }) => effect === 'ask');
  const denying = atLeastPerhaps.filter(({ effect }) => effect === 'deny');
  if (denying.length > 0) return { effect: 'deny', rules: denying, asking };
  const lifting = surely.filter(({ effect }) => effect === 'ask' || effect === 'allow');
  if (lifting.length === 0) return { effect: undefined, rules: [], asking };
  return asking.length > 0 ? { effect: 'ask', rules: asking, asking } : { effect: 'allow', rules: lifting, asking };
}
