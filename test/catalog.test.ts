import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { registerCatalog, type JsonSchema } from '../src/dispatch/registered-operation.ts';
import { hintsOf } from '../src/mcp/annotations.ts';
import { CATALOG, type OperationName } from '../src/operations/catalog.ts';
import { HIGH_RISK_OPERATIONS } from '../src/policy/command-policy-schema.ts';

const operations = registerCatalog(CATALOG);
const names = operations.map(({ operation }) => operation.name);
const properties = (schema: JsonSchema): readonly (readonly [string, JsonSchema])[] =>
  Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);

/** Every schema inside a schema, itself included. */
function* within(schema: unknown): Generator<JsonSchema> {
  if (typeof schema !== 'object' || schema === null) return;
  if (!Array.isArray(schema)) yield schema as JsonSchema;
  for (const inner of Object.values(schema)) yield* within(inner);
}

test('of high risk for the predecessor is what takes its token, but for commands and retries', () => {
  const listed: readonly OperationName[] = HIGH_RISK_OPERATIONS;
  const taking = operations.filter(({ operation: { takesToken, kind } }) => takesToken === true && kind === 'task');
  expect([...listed].toSorted()).toEqual(
    taking
      .filter(({ operation }) => operation.kind === 'task' && operation.takesCommand !== true)
      .map(({ operation }) => operation.name)
      .toSorted(),
  );
});

test('names are unique', () => {
  expect(new Set(names).size).toBe(names.length);
});

test('every operation lies in the folder of its toolset, in a file of its own name', () => {
  const files = new Set(globSync('src/operations/*/*.ts').map((file) => file.replace(/^src\/operations\//, '')));
  for (const { operation, toolset } of operations) {
    expect(files).toContain(`${toolset}/${operation.name.replaceAll('_', '-')}.ts`);
  }
});

test('every file that defines an operation is in the catalogue', () => {
  const defined = globSync('src/operations/*/*.ts')
    .map((file) => basename(file, '.ts').replaceAll('-', '_'))
    .filter((name) =>
      /^(?:get|list|create|delete|start|stop|shutdown|reset|restart|clone|update|rollback|download|restore|poll|cancel|retry|resolve|execute|read|write)_/.test(
        name,
      ),
    );
  expect(defined.filter((name) => !names.includes(name))).toEqual([]);
});

test.each(operations.map((registered) => [registered.operation.name, registered] as const))(
  '%s has a contract that agents can rely on',
  (_name, registered) => {
    const { operation, inputSchema, outputSchema } = registered;
    expect(operation.description.length).toBeLessThanOrEqual(300);
    expect(operation.title.length).toBeLessThanOrEqual(60);
    for (const schema of [inputSchema, outputSchema]) {
      expect(schema['type']).toBe('object');
      for (const keyword of ['anyOf', 'oneOf', 'allOf', '$ref', '$schema']) expect(schema).not.toHaveProperty(keyword);
    }
    expect(inputSchema['additionalProperties']).toBe(false);
    for (const [field, schema] of properties(inputSchema)) {
      expect(schema['description'], `${field} is described`).toBeTypeOf('string');
    }
    for (const schema of within(inputSchema)) {
      if (schema['type'] !== 'integer') continue;
      expect(schema).toHaveProperty('minimum');
      expect(schema).toHaveProperty('maximum');
    }
  },
);

test.each(operations.map((registered) => [registered.operation.name, registered.operation] as const))(
  '%s has four annotations that follow from its risk',
  (_name, operation) => {
    const hints = hintsOf(operation);
    expect(Object.values(hints).every((hint) => typeof hint === 'boolean')).toBe(true);
    expect(hints.readOnlyHint).toBe(operation.risk === 'read');
    if (operation.risk === 'destroy') expect(hints.destructiveHint).toBe(true);
    if (hints.readOnlyHint) expect(hints.destructiveHint).toBe(false);
  },
);
