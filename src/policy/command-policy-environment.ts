import type { Environment } from '../domain/environment.ts';
import { OperationError } from '../domain/operation-error.ts';
import { splitOutsideBrackets } from '../domain/split-list.ts';
import type { CommandPolicyInput } from './command-policy-schema.ts';

const PREFIX = 'COMMAND_POLICY_';
const LISTS = ['allow_patterns', 'deny_patterns', 'high_risk_operations'] as const;
const FLAGS = ['require_approval_token', 'high_risk_require_approval_token'] as const;
const TEXTS = ['mode', 'approval_token', 'high_risk_mode', 'high_risk_approval_token'] as const;

/**
 * The `command_policy` section that the COMMAND_POLICY_* variables describe; undefined when none is set. Lists are JSON arrays,
 * or separated by commas outside of brackets, so that `^a{1,3}$` stays one pattern. Validate the result with the schema.
 * @throws OperationError `invalid_input` for a flag that is neither true nor false, or a broken JSON array.
 */
export function commandPolicyFromEnvironment(environment: Environment): CommandPolicyInput | undefined {
  const section: Record<string, unknown> = {};
  for (const key of [...LISTS, ...FLAGS, ...TEXTS]) {
    const variable = PREFIX + key.toUpperCase();
    const text = environment[variable]?.trim();
    if (text === undefined || text === '') continue;
    if (includes(LISTS, key)) section[key] = parseList(variable, text);
    else if (includes(FLAGS, key)) section[key] = parseFlag(variable, text);
    else section[key] = key.endsWith('mode') ? text.toLowerCase() : environment[variable];
  }
  return Object.keys(section).length === 0 ? undefined : section;
}

function parseList(variable: string, text: string): readonly string[] {
  if (!/^\[\s*(?:"|\])/.test(text)) return splitOutsideBrackets(text);
  try {
    const list: unknown = JSON.parse(text);
    if (Array.isArray(list) && list.every((item) => typeof item === 'string')) return list;
  } catch {
    // A pattern may itself start with a bracket and a quote.
    return splitOutsideBrackets(text);
  }
  throw new OperationError('invalid_input', `${variable} is not an array of texts.`, {
    hint: 'Write ["first","second"] or first,second.',
  });
}

function parseFlag(variable: string, text: string): boolean {
  if (/^(?:true|1|yes|on)$/i.test(text)) return true;
  if (/^(?:false|0|no|off)$/i.test(text)) return false;
  throw new OperationError('invalid_input', `${variable} is ${JSON.stringify(text.slice(0, 40))}, which is neither true nor false.`, {
    hint: 'Write true or false.',
  });
}

function includes<T extends string>(list: readonly T[], key: string): key is T {
  return (list as readonly string[]).includes(key);
}
