import { compileArgvRule, compileOrThrow } from './argv-rule.ts';
import type { Pattern } from './pattern.ts';
import type { PolicySection } from './policy-schema.ts';
import type { WeighedRule } from './rules.ts';

/** A policy ready to decide: its data, and its rules and patterns compiled once. */
export interface Policy {
  readonly section: PolicySection;
  readonly rules: readonly WeighedRule[];
  readonly commandRules: readonly CommandRule[];
  readonly allowPatterns: readonly Pattern[];
  readonly denyPatterns: readonly DenyPattern[];
}

/** A rule on argv, with its test. */
export interface CommandRule extends WeighedRule {
  matches(argv: readonly string[]): boolean;
}

/** A pattern that refuses the commands it is found in. */
export interface DenyPattern extends Pattern {
  /** True when it speaks of letters, digits or word boundaries, which mean ASCII in RE2 and any script elsewhere. */
  readonly asciiOnly: boolean;
}

/** Prepares a policy section that `policySchema` accepted. */
export function compilePolicy(section: PolicySection): Policy {
  const { commands } = section;
  return {
    section,
    rules: section.rules.map((rule, index) => ({
      effect: rule.effect,
      conditions: rule,
      label: rule.name ?? `rules[${index}]`,
      reason: rule.reason,
    })),
    commandRules: commands.rules.map((rule, index) => ({
      effect: rule.effect,
      conditions: rule.when ?? {},
      label: rule.name ?? `commands.rules[${index}]`,
      reason: rule.reason,
      matches: compileArgvRule(rule).matches,
    })),
    allowPatterns: commands.allow_patterns.map((source) => compileOrThrow(source)),
    denyPatterns: commands.deny_patterns.map((source) => ({
      ...compileOrThrow(source, { ignoreCase: true }),
      asciiOnly: /\\[wWdDbB]/.test(source.replaceAll('\\\\', '')),
    })),
  };
}
