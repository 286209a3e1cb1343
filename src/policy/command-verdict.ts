import type { DecisionCause, DecisionCode, DecisionEffect, Verdict } from './decision.ts';

/** A verdict on a command. */
export function verdict(
  effect: DecisionEffect,
  code: DecisionCode,
  cause: DecisionCause,
  reason: string,
  hint?: string,
  rules: readonly string[] = [],
): Verdict {
  return { effect, code, cause, reason, hint, rules };
}
