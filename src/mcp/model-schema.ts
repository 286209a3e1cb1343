import type { JsonSchema } from '../dispatch/registered-operation.ts';
import { SELF_EXPLANATORY } from './told-fields.ts';

/** Keywords that a model gains nothing from reading with every list: the server checks them, and its error names the field. */
const TOLD: ReadonlySet<string> = new Set(['type', 'enum', 'description', 'default']);

/** Their values stand in the instructions, or matter to no model. */
const VALUES_TOLD_ONCE: ReadonlySet<string> = new Set(['format_style', 'vm_type']);

/**
 * The input schema as `tools/list` shows it: what a model needs to fill it in, in as few tokens as possible. It allows
 * more than the schema that is enforced, which `proxmox://operations/{operation}` and the doorway show in full.
 */
export function modelSchema(schema: JsonSchema): JsonSchema {
  const properties = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const required = schema['required'];
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map(([name, field]) => [name, modelField(name, field)])),
    ...(Array.isArray(required) && required.length > 0 ? { required } : {}),
  };
}

function modelField(name: string, field: JsonSchema): JsonSchema {
  const items = field['items'] as JsonSchema | undefined;
  const bare = SELF_EXPLANATORY.has(name);
  const told = Object.entries(field).filter(([keyword, value]) => {
    if (!TOLD.has(keyword)) return false;
    if (keyword === 'description') return !bare;
    if (keyword === 'enum') return !VALUES_TOLD_ONCE.has(name);
    return keyword !== 'default' || !(bare || isExpected(value));
  });
  const fields = fieldsOf(items);
  return {
    ...Object.fromEntries(told),
    ...(fields === undefined
      ? {}
      : { description: [bare ? undefined : field['description'], fields].filter((part) => part !== undefined).join(' ') }),
    ...(items === undefined ? {} : { items: { type: items['type'] } }),
  };
}

/** What everybody expects of a field that is left out. */
function isExpected(value: unknown): boolean {
  return value === false || (Array.isArray(value) && value.length === 0);
}

/** `{path*, size_gb*, storage, backup}`: the fields of the objects in a list, required ones starred. */
function fieldsOf(items: JsonSchema | undefined): string | undefined {
  const fields = items?.['properties'];
  if (typeof fields !== 'object' || fields === null) return undefined;
  const required = (items?.['required'] ?? []) as readonly string[];
  return `{${Object.keys(fields)
    .map((name) => (required.includes(name) ? `${name}*` : name))
    .join(', ')}}`;
}
