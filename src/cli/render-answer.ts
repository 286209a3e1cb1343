import { isRecord } from '../domain/record.ts';
import type { CallResult } from '../dispatch/call.ts';
import { renderTable } from './render-table.ts';

type Row = Readonly<Record<string, unknown>>;

/** The answer of a read for people: a table where it is a list of like things, its lines otherwise. */
export function renderAnswer({ output, text }: CallResult, columns: number | null): string {
  const lists = Object.entries(output).filter(([, value]) => Array.isArray(value) && value.length > 0 && value.every(isRecord));
  const [only] = lists;
  const facts = Object.entries(output).filter(([name, value]) => name !== only?.[0] && isFact(name, value));
  const isList = lists.length === 1 && only !== undefined && Object.keys(output).length - facts.length <= 3 && facts.length <= 6;
  if (!isList) return text;
  const counted = facts.map(([name, value]) => `${name} ${String(value)}`).join(', ');
  return `${renderTable(only[1] as readonly Row[], columns)}${counted === '' ? '' : `\n${counted}`}`;
}

/** What is said of the whole list: counts, the next page. */
function isFact(name: string, value: unknown): boolean {
  return name !== 'ignored_arguments' && (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'string');
}
