import { findBuiltInDenialInScript } from './built-in-denial.ts';
import { deniedByBuiltIn, deniedByPattern } from './command-denial.ts';
import { verdict } from './command-verdict.ts';
import type { Policy } from './compile-policy.ts';
import type { Verdict } from './decision.ts';
import { COMMAND_LENGTH_MAX } from '../domain/shell-words.ts';

/** What policy says of a whole shell script: refused unless opted in, and then never without an approval. */
export function judgeScript(script: string, policy: Policy): Verdict {
  const { commands } = policy.section;
  if (script.trim() === '') return verdict('deny', 'CMD_POLICY_EMPTY', 'command-empty', 'The script is empty.');
  if (script.length > COMMAND_LENGTH_MAX || script.includes('\0') || !script.isWellFormed()) {
    return verdict(
      'deny',
      'CMD_POLICY_NOT_ALLOWLISTED',
      'command-form',
      `The script is longer than ${COMMAND_LENGTH_MAX} characters or not text.`,
    );
  }
  const builtIn = findBuiltInDenialInScript(script, commands.without_built_in_denials);
  if (builtIn !== undefined) return deniedByBuiltIn(builtIn);
  const pattern = deniedByPattern([script], policy);
  if (pattern !== undefined) return pattern;
  if (!commands.allow_shell_scripts) {
    return verdict(
      'deny',
      'CMD_POLICY_NOT_ALLOWLISTED',
      'script',
      'Shell scripts are not allowed.',
      'Send one program with its arguments, or ask the operator for policy.commands.allow_shell_scripts.',
    );
  }
  return verdict(
    'ask',
    'CMD_POLICY_APPROVAL_REQUIRED',
    'script',
    'A shell script runs only after a person has read and approved its full text.',
  );
}
