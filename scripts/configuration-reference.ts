import { z } from 'zod';
import { configSchema } from '../src/app/config-schema.ts';
import type { JsonSchema } from '../src/dispatch/registered-operation.ts';
import { code, schemaWords } from './schema-words.ts';
import { cell } from './table-cell.ts';

const HEAD = `# Configuration

For whoever writes the config file: every setting, what it may be, and what it is unless given.

Generated from the schema by \`npm run generate\`. Editors complete the file with [config.schema.json](../../config.schema.json), which also
holds lengths and patterns.

Settings are read from the JSON file that \`PROXMOX_MCP_CONFIG\` names. Where it is unset or the file is missing, each setting is read from
its variable. A variable marked with \\* counts beside a file too, and wins over it. In variables, lists are written \`a,b\` and objects
\`a=x,b=y\`, or both as JSON. Only \`proxmox\` and \`auth\` are needed. \`proxmox-mcp-plus config check\` says what is wrong.
`;

/** The page of all settings: what each may be, what it is unless given, and which variable sets it. */
export function configurationReference(): string {
  const sections = propertiesOf(z.toJSONSchema(configSchema, { io: 'input' })).map(([name, schema]) => sectionOf(name, schema));
  return [HEAD, ...sections].join('\n');
}

function sectionOf(name: string, schema: JsonSchema): string {
  const isList = schema['type'] === 'array';
  const text = String(schema['description'] ?? '');
  return [
    `## ${name}\n`,
    ...(text === '' ? [] : [`${text}\n`]),
    ...(isList ? ['A list of objects with these keys.\n'] : []),
    '| key | value | default | environment | meaning |',
    '|---|---|---|---|---|',
    ...rowsOf(isList ? (schema['items'] as JsonSchema) : schema, ''),
    '',
  ].join('\n');
}

/** A row for each key, and below it one for each key inside: `limits.writes_per_hour`, `rules[].effect`. */
function rowsOf(parent: JsonSchema, prefix: string): readonly string[] {
  const required = new Set((parent['required'] as readonly string[] | undefined) ?? []);
  return propertiesOf(parent).flatMap(([key, schema]) => {
    const path = `${prefix}${key}`;
    const items = (schema['items'] ?? {}) as JsonSchema;
    const cells = [
      `\`${path}\``,
      schemaWords(schema),
      required.has(key) ? 'required' : defaultOf(schema),
      variableOf(schema),
      `${String(schema['description'] ?? '')}${schema['secret'] === true ? ' Secret.' : ''}`,
    ];
    return [`| ${cells.map(cell).join(' | ')} |`, ...rowsOf(schema, `${path}.`), ...rowsOf(items, `${path}[].`)];
  });
}

function propertiesOf(schema: JsonSchema): readonly (readonly [key: string, schema: JsonSchema])[] {
  return Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
}

/** Objects are shown by the defaults of their keys. */
function defaultOf(schema: JsonSchema): string {
  const value = schema['default'];
  const isEmpty = value === undefined || value === null || value === '' || schema['properties'] !== undefined;
  if (isEmpty || (typeof value === 'object' && Object.keys(value).length === 0)) return '';
  return Array.isArray(value) ? value.map(code).join(', ') : code(value);
}

function variableOf(schema: JsonSchema): string {
  if (typeof schema['env'] !== 'string') return '';
  return `\`${schema['env']}\`${schema['overridesFile'] === true ? ' \\*' : ''}`;
}
