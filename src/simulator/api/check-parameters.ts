import { parameterFailure } from './failure.ts';
import { checkFormat } from './formats.ts';
import type { ParameterValue } from './parameters.ts';
import { parsePropertyString } from './property-string.ts';
import { apiSchema, parameterSchema, type ApiSchema, type ParameterSchema } from './schema.ts';

/** A value as it came in: text from a form, or whatever JSON holds. */
export type RawValue = unknown;

const UNKNOWN = 'property is not defined in schema and the schema does not allow additional properties';
const MISSING = 'property is missing and it is not optional';

const shown = (value: RawValue): string =>
  Array.isArray(value) ? 'ARRAY(0x55d0c1a2b3c8)' : typeof value === 'object' ? 'HASH(0x55d0c1a2b3c8)' : String(value);

/** The text of a type mismatch, or the value in its own type. @see pve-common PVE/JSONSchema.pm check_type */
function convert(value: RawValue, schema: ParameterSchema): ParameterValue | { wrong: string } {
  const type = schema.type ?? 'string';
  const wrong = { wrong: `type check ('${type}') failed - got '${shown(value)}'` };
  if (type === 'array') return (Array.isArray(value) ? value : [value]).map((element) => String(element));
  if (typeof value === 'boolean') {
    if (type === 'boolean' || type === 'integer' || type === 'number') return value ? 1 : 0;
    return value ? '1' : '0';
  }
  if (Array.isArray(value)) return type === 'string' && schema.format?.endsWith('list') === true ? value.map(String).join(',') : wrong;
  if (typeof value === 'object') return wrong;
  const text = String(value);
  if (type === 'boolean') return /^[01]$/.test(text) ? Number(text) : wrong;
  if (type === 'integer') return /^[+-]?\d+$/.test(text) ? Number(text) : wrong;
  if (type === 'number') return /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text) ? Number(text) : wrong;
  return text;
}

function patternOf(schema: ParameterSchema): RegExp | undefined {
  if (schema.pattern === undefined) return undefined;
  const source = schema.pattern.replace(/^\(\?\^?([a-z]*):/, '(?:');
  try {
    return new RegExp(`^(?:${source})$`);
  } catch {
    return undefined;
  }
}

type Formats = ApiSchema['formats'];

/** What is wrong with one value, as `path -> text`. @see pve-common PVE/JSONSchema.pm check_prop */
function checkValue(name: string, value: ParameterValue, schema: ParameterSchema, formats: Formats, errors: Record<string, string>): void {
  if (Array.isArray(value)) {
    if (schema.items !== undefined)
      for (const [n, element] of value.entries()) checkValue(`${name}[${n}]`, element, schema.items, formats, errors);
    return;
  }
  const text = String(value);
  if (schema.format !== undefined) {
    const wrong = schema.format.startsWith('#')
      ? checkPropertyString(name, text, formats[schema.format.slice(1)], formats)
      : checkFormat(schema.format, text);
    if (wrong !== undefined) {
      errors[name] = `invalid format - ${wrong}\n`;
      return;
    }
  }
  const pattern = patternOf(schema);
  if (pattern !== undefined && !pattern.test(text)) errors[name] = 'value does not match the regex pattern';
  else if (schema.maxLength !== undefined && Array.from(text).length > schema.maxLength)
    errors[name] = `value may only be ${schema.maxLength} characters long`;
  else if (schema.minLength !== undefined && Array.from(text).length < schema.minLength)
    errors[name] = `value must be at least ${schema.minLength} characters long`;
  else if (typeof value === 'number' && schema.maximum !== undefined && value > schema.maximum)
    errors[name] = `value must have a maximum value of ${schema.maximum}`;
  else if (typeof value === 'number' && schema.minimum !== undefined && value < schema.minimum)
    errors[name] = `value must have a minimum value of ${schema.minimum}`;
  else if (schema.enum !== undefined && !schema.enum.map(String).includes(text))
    errors[name] = `value '${text}' does not have a value in the enumeration '${schema.enum.join(', ')}'`;
}

function checkPropertyString(name: string, text: string, schema: Formats[string] | undefined, formats: Formats): string | undefined {
  if (schema === undefined) return undefined;
  const { parts, errors } = parsePropertyString(text, schema);
  if (errors.length > 0) return errors[0];
  const wrong: Record<string, string> = {};
  for (const [key, part] of Object.entries(parts)) {
    const partSchema = schema[key];
    if (partSchema === undefined) {
      wrong[`${name}.${key}`] = UNKNOWN;
      continue;
    }
    if (partSchema.keyAlias !== undefined) continue;
    const value = convert(part, partSchema);
    if (typeof value === 'object' && 'wrong' in value) {
      if (!(partSchema.type === 'boolean' && /^(on|off|yes|no|true|false)$/i.test(part))) wrong[`${name}.${key}`] = value.wrong;
    } else checkValue(`${name}.${key}`, value, partSchema, formats, wrong);
  }
  for (const [key, partSchema] of Object.entries(schema)) {
    if (!partSchema.optional && partSchema.alias === undefined && parts[key] === undefined) wrong[`${name}.${key}`] = MISSING;
  }
  const lines = Object.entries(wrong).map(([path, problem]) => `${path}: ${problem.trimEnd()}`);
  return lines.length === 0 ? undefined : `format error\n${lines.join('\n')}`;
}

/**
 * Checks and converts the parameters of a call. `formats` are those of the release that `parameters` are of.
 * @throws ApiFailure 400 with one text per parameter
 * @see pve-common PVE/JSONSchema.pm validate
 */
export function checkParameters(
  raw: Readonly<Record<string, RawValue>>,
  parameters: Readonly<Record<string, ParameterSchema>>,
  formats: Formats = apiSchema.formats,
): Record<string, ParameterValue> {
  const errors: Record<string, string> = {};
  const values: Record<string, ParameterValue> = {};
  for (const [name, given] of Object.entries(raw)) {
    if (given === undefined || given === null) continue;
    const schema = parameterSchema(parameters, name);
    if (schema === undefined) {
      errors[name] = UNKNOWN;
      continue;
    }
    const value = convert(given, schema);
    if (typeof value === 'object' && 'wrong' in value) {
      errors[name] = value.wrong;
      continue;
    }
    checkValue(name, value, schema, formats, errors);
    if (schema.requires !== undefined && (raw[schema.requires] === undefined || raw[schema.requires] === null))
      errors[schema.requires] = `missing property - '${name}' requires this property`;
    values[name] = value;
  }
  for (const [name, schema] of Object.entries(parameters)) {
    if (!schema.optional && !name.includes('[') && values[name] === undefined && errors[name] === undefined) errors[name] = MISSING;
  }
  if (Object.keys(errors).length > 0) throw parameterFailure(errors);
  return values;
}
