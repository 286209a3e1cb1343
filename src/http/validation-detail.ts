import { IS_MISSING } from '../dispatch/argument-problem.ts';
import type { OperationError } from '../domain/operation-error.ts';

/** One thing that is wrong with a request, as the predecessor's framework names it. */
export interface ValidationDetail {
  readonly type: string;
  /** Where: `["body", "vmid"]`, `["query", "limit"]`. */
  readonly loc: readonly (string | number)[];
  readonly msg: string;
  readonly input: unknown;
  readonly ctx?: Readonly<Record<string, unknown>>;
}

interface NamedProblem {
  readonly field: string;
  readonly problem: string;
  readonly value?: unknown;
}

/** Where a route takes fields from that do not come in its body. */
export type Places = Readonly<Record<string, 'query' | 'path'>>;

/** Spells out what an `invalid_input` error says in its details. */
export function validationDetail({ message, details }: OperationError, places: Places = {}): readonly ValidationDetail[] {
  const loc = (field: string): readonly (string | number)[] => [
    String(details['in'] ?? places[field] ?? 'body'),
    ...(field === '' ? [] : field.split('.').map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : part))),
  ];
  const problems = (details['problems'] ?? []) as readonly NamedProblem[];
  if (problems.length > 0) {
    return problems.map(({ field, problem, value }) =>
      problem === IS_MISSING
        ? { type: 'missing', loc: loc(field), msg: 'Field required', input: {} }
        : { type: 'value_error', loc: loc(field), msg: problem, input: value ?? null },
    );
  }
  const unknown = (details['unknown_arguments'] ?? []) as readonly string[];
  if (unknown.length > 0)
    return unknown.map((name) => ({ type: 'extra_forbidden', loc: ['body', name], msg: 'There is no such argument', input: null }));
  const single = {
    type: String(details['type'] ?? 'value_error'),
    loc: loc(String(details['field'] ?? '')),
    msg: message,
    input: details['input'] ?? null,
  };
  return [details['ctx'] === undefined ? single : { ...single, ctx: details['ctx'] as Readonly<Record<string, unknown>> }];
}
