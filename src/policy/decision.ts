/** Proceed, ask a person first, or refuse. */
export type DecisionEffect = 'allow' | 'ask' | 'deny';

/** Stable names of outcomes, for programs. Those the predecessor had keep their meaning. */
export const DECISION_CODES = [
  'OP_POLICY_ALLOW',
  'OP_POLICY_DISABLED',
  'OP_POLICY_AUDIT_ALLOW',
  'OP_POLICY_APPROVAL_REQUIRED',
  'OP_POLICY_APPROVAL_NOT_CONFIGURED',
  'OP_POLICY_DENIED',
  'OP_POLICY_UNKNOWN_OPERATION',
  'OP_POLICY_SCOPE',
  'OP_POLICY_READ_ONLY',
  'OP_POLICY_TOOLSET_OFF',
  'OP_POLICY_PROTECTED',
  'OP_POLICY_LIMIT',
  'CMD_POLICY_ALLOW',
  'CMD_POLICY_AUDIT_ALLOW',
  'CMD_POLICY_EMPTY',
  'CMD_POLICY_DENY_PATTERN',
  'CMD_POLICY_NOT_ALLOWLISTED',
  'CMD_POLICY_APPROVAL_REQUIRED',
  'CMD_POLICY_APPROVAL_NOT_CONFIGURED',
] as const;
/** One of the stable names of outcomes. */
export type DecisionCode = (typeof DECISION_CODES)[number];

/** What settled a decision: a closed list, for metrics and for comparing policies. */
export const DECISION_CAUSES = [
  'unknown-operation',
  'scope',
  'read-only',
  'toolset-off',
  'protected-guest',
  'limit',
  'rule',
  'risk-default',
  'high-risk',
  'token',
  'untrusted-text',
  'command-empty',
  'command-syntax',
  'command-form',
  'built-in-denial',
  'deny-pattern',
  'deny-pattern-unclear',
  'wrapper',
  'command-rule',
  'allow-pattern',
  'not-allowlisted',
  'audit-only',
  'script',
] as const;
/** One of the causes. */
export type DecisionCause = (typeof DECISION_CAUSES)[number];

/** What policy says of a call. */
export interface Decision {
  readonly effect: DecisionEffect;
  readonly code: DecisionCode;
  readonly cause: DecisionCause;
  /** One sentence of the server's own. */
  readonly reason: string;
  /** What the caller can do next. */
  readonly hint?: string | undefined;
  /** Names of the rules that mattered. */
  readonly rules: readonly string[];
  /** True when another principal than the caller must approve; the question is then not put to the caller's client. */
  readonly fourEyes: boolean;
}

/** A decision without the parts that are added at the end. */
export type Verdict = Omit<Decision, 'fourEyes' | 'rules'> & { readonly rules?: readonly string[] };

const WEIGHT: Readonly<Record<DecisionEffect, number>> = { allow: 0, ask: 1, deny: 2 };

/** True when the first effect permits less than the second. */
export function isStricter(one: DecisionEffect, other: DecisionEffect): boolean {
  return WEIGHT[one] > WEIGHT[other];
}

/** The verdict that permits least; the earlier of two alike. */
export function strictest<V extends { readonly effect: DecisionEffect }>(first: V, ...others: readonly V[]): V {
  return others.reduce((kept, verdict) => (isStricter(verdict.effect, kept.effect) ? verdict : kept), first);
}
