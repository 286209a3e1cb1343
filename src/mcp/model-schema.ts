import { fieldsOf, type JsonSchema } from '../dispatch/registered-operation.ts';
import { SELF_EXPLANATORY } from './self-explanatory-fields.ts';

/** The keywords that are told. From the others a model gains nothing: the server checks them, and its error names the field. */
const TOLD: ReadonlySet<string> = new Set(['type', 'enum', 'description', 'default']);

/** Their values stand in the instructions, matter to no model, or are Proxmox VE's own words that models know. */
const VALUES_TOLD_ONCE: ReadonlySet<string> = new Set([
  'format_style',
  'vm_type',
  'ostype',
  'checksum_algorithm',
  'compression',
  'compress',
  'format',
]);

/** An example of what may stand in objects that are open: some clients refuse an object without any field. */
const SHAPES: Readonly<Record<string, JsonSchema>> = {
  payload: { node: { type: 'string' } },
  secrets: { password: { type: 'string' } },
};

/**
 * The input schema as `tools/list` shows it: what a model needs to fill it in, in as few tokens as possible. It allows
 * more than the schema that is enforced, which `proxmox://operations/{operation}` and tool search show in full.
 */
export function modelSchema(schema: JsonSchema): JsonSchema {
  const required = schema['required'];
  return {
    type: 'object',
    properties: Object.fromEntries(Object.entries(fieldsOf(schema)).map(([name, field]) => [name, modelField(name, field)])),
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
  const shape = SHAPES[name];
  return {
    ...Object.fromEntries(told),
    ...(shape === undefined ? {} : { properties: shape }),
    ...(items === undefined ? {} : { items: itemOf(items) }),
  };
}

/** What one element of a list is: its type, and of an object the types of its fields. Some clients refuse objects without any. */
function itemOf({ type, properties, required }: JsonSchema): JsonSchema {
  if (typeof properties !== 'object' || properties === null) return { type };
  const fields = Object.entries(properties as Readonly<Record<string, JsonSchema>>);
  return {
    type,
    properties: Object.fromEntries(fields.map(([name, field]) => [name, { type: field['type'] }])),
    ...(Array.isArray(required) && required.length > 0 ? { required } : {}),
  };
}

/** What everybody expects of a field that is left out. */
function isExpected(value: unknown): boolean {
  return value === false || (Array.isArray(value) && value.length === 0);
}
