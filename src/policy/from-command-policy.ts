import type { CommandPolicySection } from './command-policy-schema.ts';
import { findWeaknesses } from './command-policy-findings.ts';
import { mendDoubleEscapes } from './double-escape.ts';
import type { Finding } from './finding.ts';
import { compilePattern } from './pattern.ts';
import type { PolicyInput, PolicySection } from './policy-schema.ts';
import { policySchema } from './policy-schema.ts';

/** What a `command_policy` section amounts to. */
export interface MappedCommandPolicy {
  readonly section: PolicySection;
  readonly findings: readonly Finding[];
  /** The static tokens, kept out of the policy because a policy can be shown; null where none opens anything. */
  readonly tokens: { readonly commands: string | null; readonly highRisk: string | null };
}

const STRICTNESS = { disabled: 0, audit_only: 1, enforce: 2 } as const;

/**
 * Maps the section `command_policy` onto the policy, over the `policy` section if there is one too (then the stricter of the
 * two high-risk modes and the new mode for commands hold). Never more permissive than what the section says by its documentation.
 */
export function fromCommandPolicy(old: CommandPolicySection, policy?: PolicyInput): MappedCommandPolicy {
  const base = policySchema.parse(policy ?? {});
  const commandToken = old.approval_token === '' ? null : old.approval_token;
  const highRiskToken = (old.high_risk_approval_token === '' ? null : old.high_risk_approval_token) ?? commandToken;
  const mode =
    policy !== undefined && STRICTNESS[base.high_risk.mode] > STRICTNESS[old.high_risk_mode] ? base.high_risk.mode : old.high_risk_mode;
  const deny = (old.deny_patterns ?? []).filter((pattern) => pattern !== '').flatMap(bothReadings);
  const section: PolicySection = {
    ...base,
    high_risk: {
      ...base.high_risk,
      mode,
      operations: [...new Set([...(policy?.high_risk?.operations ?? []), ...old.high_risk_operations])],
      token: old.high_risk_require_approval_token
        ? highRiskToken === null
          ? 'required_but_missing'
          : 'required'
        : highRiskToken === null
          ? 'none'
          : 'accepted',
    },
    commands: {
      ...base.commands,
      mode: old.mode === 'audit_only' && policy?.commands?.mode === undefined ? 'audit_only' : base.commands.mode,
      allow_patterns: [...base.commands.allow_patterns, ...old.allow_patterns.filter((pattern) => pattern !== '')],
      deny_patterns: [...base.commands.deny_patterns, ...deny],
      token: old.require_approval_token ? (commandToken === null ? 'required_but_missing' : 'required') : 'none',
    },
  };
  return {
    section,
    findings: findWeaknesses(old),
    tokens: { commands: old.require_approval_token ? commandToken : null, highRisk: highRiskToken },
  };
}

/** A deny pattern as written and, if it seems to be escaped twice, as it was meant: refusing both is never weaker. */
function bothReadings(pattern: string): readonly string[] {
  const mended = mendDoubleEscapes(pattern);
  return mended === pattern || !compilePattern(mended).ok ? [pattern] : [pattern, mended];
}
