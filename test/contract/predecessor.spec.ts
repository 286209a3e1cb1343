import { modelSchema } from '../../src/mcp/model-schema.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readArguments } from '../../src/dispatch/read-arguments.ts';
import { registerCatalog, type JsonSchema } from '../../src/dispatch/registered-operation.ts';
import { listTools } from '../../src/mcp/tool-list.ts';
import { CATALOG } from '../../src/operations/catalog.ts';
import { COMPAT_NAMES } from '../../src/operations/compat-names.ts';

const fixture = <T>(name: string): T => JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', name), 'utf8')) as T;
const tools = fixture<
  {
    name: string;
    required: string[];
    properties: Record<string, { type?: string; anyOf?: { type: string }[]; maximum?: number; minimum?: number }>;
  }[]
>('predecessor-tools.json');
const calls = fixture<{ tool: string; args: Record<string, unknown> }[]>('recorded-calls.json');
const operations = new Map(registerCatalog(CATALOG).map((registered) => [registered.operation.name, registered]));
const properties = (schema: JsonSchema): Readonly<Record<string, JsonSchema>> =>
  (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;

/** Present only where the configuration asks for them. */
const CONFIGURED = new Set(['approval_token']);

describe('the 41 tools of the predecessor', () => {
  test('exist, in its order', () => {
    expect(tools.map(({ name }) => name)).toEqual([...COMPAT_NAMES]);
    const listed = listTools([...operations.values()]).map(({ name }) => name);
    expect(listed.slice(0, tools.length)).toEqual([...COMPAT_NAMES]);
    expect(listed).toHaveLength(operations.size);
  });

  test.each(tools.map((tool) => [tool.name, tool] as const))(
    '%s takes every argument that it took, and demands none that it did not',
    (name, tool) => {
      const registered = operations.get(name);
      const known = properties(registered?.inputSchema ?? {});
      expect(Object.keys(tool.properties).filter((argument) => !CONFIGURED.has(argument) && !Object.hasOwn(known, argument))).toEqual([]);
      // What tools/list shows is shorter, and has every argument all the same.
      expect(Object.keys(properties(modelSchema(registered?.inputSchema ?? {})))).toEqual(Object.keys(known));
      const demanded = (registered?.inputSchema['required'] ?? []) as string[];
      expect(demanded.filter((argument) => !tool.required.includes(argument))).toEqual([]);
    },
  );

  test.each(tools.map((tool) => [tool.name, tool] as const))('%s allows at least the values that it allowed', (name, tool) => {
    const known = properties(operations.get(name)?.inputSchema ?? {});
    for (const [argument, { minimum, maximum }] of Object.entries(tool.properties)) {
      const schema = known[argument];
      if (minimum !== undefined) expect(Number(schema?.['minimum']), `${argument} minimum`).toBeLessThanOrEqual(minimum);
      if (maximum !== undefined) expect(Number(schema?.['maximum']), `${argument} maximum`).toBeGreaterThanOrEqual(maximum);
    }
  });
});

test.each(calls.map(({ tool, args }) => [tool, JSON.stringify(args), args] as const))(
  'a recorded call is accepted: %s %s',
  (tool, _shown, args) => {
    const registered = operations.get(tool);
    if (!registered) throw new Error(`no operation ${tool}`);
    expect(readArguments(registered, args).ignored).toEqual([]);
  },
);
