import { fieldsOf, takesWait, type JsonSchema, type RegisteredOperation } from '../dispatch/registered-operation.ts';
import type { Flag, Flags, FlagValue } from './command.ts';

const DEFAULT_WAIT_SECONDS = 3600;

/** How long the command line waits for the end of a job. */
export const WAIT_FLAG: Flags = {
  'wait-seconds': {
    type: 'integer',
    placeholder: 'SECONDS',
    summary: `Wait this long for the end of the job, ${DEFAULT_WAIT_SECONDS} by default; 0 does not wait.`,
  },
};
const INPUT_FLAG: Flag = {
  type: 'string',
  placeholder: 'FILE',
  summary: 'Take arguments from a JSON file, or from standard input with -; flags win over it. Keeps secrets out of the list of processes.',
};

/** The flags of one operation, made from its input schema. */
export function operationFlags(registered: RegisteredOperation): Flags {
  const fields = Object.entries(fieldsOf(registered.inputSchema)).filter(([name]) => name !== 'wait_seconds');
  return {
    ...Object.fromEntries(fields.map(([name, schema]) => [kebab(name), flagOf(schema)])),
    ...(takesWait(registered) ? WAIT_FLAG : {}),
    input: INPUT_FLAG,
  };
}

/** What `WAIT_FLAG` says. */
export function waitSecondsIn({ 'wait-seconds': wait }: Readonly<Record<string, FlagValue>>): number {
  return typeof wait === 'number' ? Math.max(0, wait) : DEFAULT_WAIT_SECONDS;
}

/** Flag values as the operation names them. */
export function argumentsFromFlags(
  { inputSchema }: RegisteredOperation,
  flags: Readonly<Record<string, FlagValue>>,
): Readonly<Record<string, unknown>> {
  const names = Object.keys(fieldsOf(inputSchema));
  return Object.fromEntries(names.flatMap((name) => (flags[kebab(name)] === undefined ? [] : [[name, flags[kebab(name)]]])));
}

function flagOf(schema: JsonSchema): Flag {
  const { type, description, minimum, maximum, default: fallback } = schema;
  const range = typeof minimum === 'number' && typeof maximum === 'number' ? ` From ${minimum} to ${maximum}.` : '';
  const shown =
    fallback === undefined || (Array.isArray(fallback) && fallback.length === 0) || fallback === '' ? '' : ` Default ${String(fallback)}.`;
  const summary = `${String(description ?? '')}${range}${shown}`;
  if (type === 'array') return { ...typeOf((schema['items'] ?? {}) as JsonSchema), summary, isList: 'repeated' };
  return { ...typeOf(schema), summary };
}

function typeOf(schema: JsonSchema): Pick<Flag, 'type' | 'choices'> {
  const options = schema['enum'];
  if (Array.isArray(options)) return { type: 'string', choices: options.map(String) };
  const { type } = schema;
  if (type === 'boolean' || type === 'integer' || type === 'string') return { type };
  return { type: 'json' };
}

function kebab(name: string): string {
  return name.replaceAll('_', '-');
}
