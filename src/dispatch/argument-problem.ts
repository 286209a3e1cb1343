import type { z } from 'zod';

type Issue = Parameters<z.core.$ZodErrorMap>[0];

/** What is wrong with an argument that was not given. Surfaces know a missing field by it. */
export const IS_MISSING = 'is missing';

const KINDS: Readonly<Record<string, string>> = {
  int: 'an integer',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
};

/** Says in plain words what is wrong with an argument and what is expected. A schema's own message goes before it. */
export function argumentProblem(issue: Issue): string | undefined {
  const { code } = issue;
  if ((code === 'invalid_type' || code === 'invalid_value') && issue.input === undefined) return IS_MISSING;
  if (code === 'invalid_type') return `must be ${KINDS[issue.expected] ?? issue.expected}`;
  if (code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`;
  if (code === 'too_small') {
    const isEmpty = issue.origin === 'string' && issue.minimum === 1;
    return isEmpty ? 'must not be empty' : `must ${boundOf(issue.origin, 'at least', issue.minimum)}`;
  }
  if (code === 'too_big') return `must ${boundOf(issue.origin, 'at most', issue.maximum)}`;
  if (code === 'unrecognized_keys') return `has no field ${issue.keys.map((key) => JSON.stringify(key.slice(0, 60))).join(', ')}`;
  return code === 'invalid_format' && issue.format === 'regex' && issue.pattern !== undefined ? `must match ${issue.pattern}` : undefined;
}

function boundOf(origin: string, word: string, bound: number | bigint): string {
  if (origin === 'string') return `have ${word} ${bound} characters`;
  if (origin === 'array') return `have ${word} ${bound} item${bound === 1 ? '' : 's'}`;
  return `be ${word} ${bound}`;
}
