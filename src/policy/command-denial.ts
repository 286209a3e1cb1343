import type { BuiltInDenial } from './built-in-denial.ts';
import { verdict } from './command-verdict.ts';
import type { Policy } from './compile-policy.ts';
import type { Verdict } from './decision.ts';
import { PATTERN_TEXT_MAX } from './pattern.ts';

/** The refusal by the first deny pattern found in one of the texts of a command, or undefined. */
export function deniedByPattern(texts: readonly string[], policy: Policy): Verdict | undefined {
  if (policy.denyPatterns.length > 0 && texts.some((text) => text.length > PATTERN_TEXT_MAX)) {
    return verdict(
      'deny',
      'CMD_POLICY_DENY_PATTERN',
      'deny-pattern-unclear',
      `The command is longer than the ${PATTERN_TEXT_MAX} characters that deny patterns judge.`,
      'Write the data to a file in the guest first and name the file.',
    );
  }
  for (const [index, pattern] of policy.denyPatterns.entries()) {
    const rules = [`commands.deny_patterns[${index}]`];
    if (texts.some((text) => pattern.isFoundIn(text)))
      return verdict('deny', 'CMD_POLICY_DENY_PATTERN', 'deny-pattern', 'A deny pattern is found in the command.', undefined, rules);
    if (pattern.asciiOnly && texts.some((text) => /[^\0-\x7f]/.test(text))) {
      return verdict(
        'deny',
        'CMD_POLICY_DENY_PATTERN',
        'deny-pattern-unclear',
        'The command holds letters beyond ASCII, which a deny pattern cannot judge.',
        'Write the deny pattern without \\w, \\d and \\b, or the command in ASCII.',
        rules,
      );
    }
  }
  return undefined;
}

/** The refusal by a built-in denial. */
export function deniedByBuiltIn(name: BuiltInDenial): Verdict {
  return verdict(
    'deny',
    'CMD_POLICY_DENY_PATTERN',
    'built-in-denial',
    `The built-in denial ${name} refuses this command.`,
    `An operator who wants such commands names ${name} in policy.commands.without_built_in_denials.`,
    [name],
  );
}
