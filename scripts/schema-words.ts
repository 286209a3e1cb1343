import type { JsonSchema } from '../src/dispatch/registered-operation.ts';

/** What a JSON Schema accepts, in the words of a table: `integer 1 to 600`, `list of strings`, `a, b`. Lengths stay in the schema. */
export function schemaWords(schema: JsonSchema): string {
  const options = schema['enum'] as readonly unknown[] | undefined;
  if (options !== undefined) return options.map(code).join(', ');
  const alternatives = schema['anyOf'] as readonly JsonSchema[] | undefined;
  if (alternatives !== undefined) return [...new Set(alternatives.map(schemaWords))].join(' or ');
  const types = (schema['type'] ?? 'anything') as string | readonly string[];
  return [types]
    .flat()
    .map((type) => typeWords(type, schema))
    .join(' or ');
}

/** A value as it is written in JSON. */
export function code(value: unknown): string {
  return `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;
}

function typeWords(type: string, schema: JsonSchema): string {
  const items = schema['items'] as JsonSchema | undefined;
  if (type === 'array' && items) return items['properties'] ? 'list of objects' : `list of ${several(items)}`;
  const values = schema['additionalProperties'] as JsonSchema | false | undefined;
  if (type === 'object' && values) return `object of ${several(values)}`;
  if (type === 'null') return code(null);
  return typeof schema['format'] === 'string' ? formatWords(schema['format']) : `${type}${rangeWords(schema)}`;
}

function several(schema: JsonSchema): string {
  return schemaWords(schema).replaceAll(/\b(?:string|integer|number|object)\b/g, '$&s');
}

function formatWords(format: string): string {
  return format === 'uri' ? 'URL' : format;
}

/** Zod bounds integers by what JavaScript can count; that is no bound to tell. */
function rangeWords({ minimum, maximum }: JsonSchema): string {
  const least = typeof minimum === 'number' && minimum !== Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const most = typeof maximum === 'number' && maximum !== Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (least !== undefined && most !== undefined) return ` ${least} to ${most}`;
  if (least !== undefined) return ` from ${least}`;
  return most === undefined ? '' : ` up to ${most}`;
}
