import type { z } from 'zod';
import { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import { argumentProblem } from './argument-problem.ts';
import { fieldsOf, type JsonSchema, type RegisteredOperation } from './registered-operation.ts';

export interface ReadArguments {
  readonly input: Facts;
  /** Arguments that were given and that the operation does not have. */
  readonly ignored: readonly string[];
}

/**
 * Checks the arguments of a call against the operation's closed schema.
 * @throws OperationError `invalid_input` that names every wrong field, its value and what is expected
 */
export function readArguments(registered: RegisteredOperation, raw: unknown): ReadArguments {
  if (raw !== undefined && raw !== null && (typeof raw !== 'object' || Array.isArray(raw))) {
    throw new OperationError('invalid_input', 'The arguments must be a JSON object.', { hint: 'Send {"name": value, …}.' });
  }
  const given = (raw ?? {}) as Readonly<Record<string, unknown>>;
  const fields = fieldsOf(registered.inputSchema);
  const names = Object.keys(given);
  const unknown = names.filter((name) => !Object.hasOwn(fields, name));
  if (unknown.length > 0 && !registered.ignoresUnknown) throw unknownArguments(unknown, Object.keys(fields));

  const known = Object.fromEntries(
    names.filter((name) => Object.hasOwn(fields, name) && given[name] !== null).map((name) => [name, adapt(given[name], fields[name])]),
  );
  const parsed = registered.input.safeParse(known, { error: argumentProblem });
  if (!parsed.success) throw invalidArguments(parsed.error, known, secretsOf(registered));
  return { input: parsed.data, ignored: unknown };
}

function secretsOf({ operation }: RegisteredOperation): readonly string[] {
  return ['approval_token', ...(operation.kind === 'task' ? (operation.secrets ?? []) : [])];
}

/** Models and old clients send `"101"` for 101 and `"true"` for true; what is meant is certain, so it is taken. */
function adapt(value: unknown, schema: JsonSchema | undefined): unknown {
  const type = schema?.['type'];
  if (typeof value === 'string') {
    if ((type === 'integer' || type === 'number') && /^-?\d{1,15}$/.test(value.trim())) return Number(value);
    if (type === 'boolean' && /^(?:true|false)$/i.test(value)) return value.toLowerCase() === 'true';
  }
  return type === 'string' && typeof value === 'number' ? String(value) : value;
}

function unknownArguments(unknown: readonly string[], valid: readonly string[]): OperationError {
  return new OperationError('invalid_input', `Unknown argument ${unknown.map((name) => JSON.stringify(name.slice(0, 60))).join(', ')}.`, {
    hint: valid.length === 0 ? 'This operation takes no arguments.' : `Valid are ${valid.join(', ')}.`,
    details: { unknown_arguments: unknown.slice(0, 20), valid_arguments: valid },
  });
}

function invalidArguments(error: z.ZodError, given: Facts, secrets: readonly string[]): OperationError {
  const problems = error.issues.slice(0, 20).map((issue) => {
    const field = issue.path.join('.');
    const isSecret = secrets.includes(String(issue.path[0]));
    return { field, problem: issue.message, ...(isSecret ? {} : { value: shorten(valueAt(given, issue.path)) }) };
  });
  const told = problems.map(({ field, problem, value }) => `${field}${value === undefined ? '' : ` (${value})`} ${problem}`).join('; ');
  return new OperationError('invalid_input', `Invalid arguments: ${told}.`, {
    hint: 'Correct the named fields; nothing was sent.',
    details: { problems },
  });
}

function valueAt(given: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined),
    given,
  );
}

function shorten(value: unknown): string | undefined {
  const text = JSON.stringify(value);
  return text === undefined || text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
