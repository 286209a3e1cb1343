import type { ParameterSchema } from './schema.ts';

/** The parts of a property string (`local:100/disk.raw,size=8G`), and the errors per part that the schema finds. */
export interface PropertyString {
  readonly parts: Record<string, string>;
  readonly errors: string[];
}

/**
 * Reads a property string with its schema: the default key may stand without a name, aliases are followed.
 * @see pve-common PVE/JSONSchema.pm parse_property_string
 */
export function parsePropertyString(text: string, format: Readonly<Record<string, ParameterSchema>>): PropertyString {
  const parts: Record<string, string> = {};
  const errors: string[] = [];
  const defaultKey = Object.keys(format).find((key) => Boolean(format[key]?.default_key));
  for (const piece of text.split(',')) {
    if (piece === '') continue;
    const equals = piece.indexOf('=');
    if (equals < 0) {
      if (defaultKey === undefined) errors.push('value without key, but schema does not define a default key');
      else if (parts[defaultKey] !== undefined) errors.push(`duplicate key in comma-separated list property: ${defaultKey}`);
      else parts[defaultKey] = piece;
      continue;
    }
    let key = piece.slice(0, equals);
    const value = piece.slice(equals + 1);
    const schema = format[key];
    if (schema?.keyAlias !== undefined) parts[schema.keyAlias] = key;
    if (schema?.alias !== undefined) key = schema.alias;
    if (parts[key] !== undefined) errors.push(`duplicate key in comma-separated list property: ${key}`);
    parts[key] = value;
  }
  return { parts, errors };
}

/** The parts of a drive, network or similar option without looking at a schema; the nameless first part is `''`. */
export function looseParts(text: string): Record<string, string> {
  const parts: Record<string, string> = {};
  for (const piece of text.split(',')) {
    const equals = piece.indexOf('=');
    if (equals < 0) parts[''] ??= piece;
    else parts[piece.slice(0, equals)] = piece.slice(equals + 1);
  }
  return parts;
}

/** The opposite of `looseParts`; absent values are left out. */
export function printParts(parts: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(parts)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => (key === '' ? value : `${key}=${value}`))
    .join(',');
}
