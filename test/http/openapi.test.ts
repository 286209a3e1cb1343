import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { registerCatalog, type JsonSchema } from '../../src/dispatch/registered-operation.ts';
import { openApiDocument } from '../../src/http/openapi-document.ts';
import { exampleOf } from '../../src/http/openapi-example.ts';
import { offeredCatalog } from '../../src/operations/catalog.ts';

const operations = registerCatalog(offeredCatalog({ ssh: true }));
const document = openApiDocument({ operations, version: '1.0.0', serverUrl: '/', isAuthRequired: true, hasTokens: true });
const recorded = JSON.parse(readFileSync(new URL('fixtures/openapi-paths.json', import.meta.url), 'utf8')) as Readonly<
  Record<string, Readonly<Record<string, { operationId: string; responses: readonly string[] }>>>
>;

function* within(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* within(inner);
}

const exists = (path: string): boolean => path.startsWith('/jobs') || operations.some(({ operation }) => `/${operation.name}` === path);
const before = Object.entries(recorded).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, described]) => [path, method, described] as const),
);

test.each(before.filter(([path]) => exists(path)))(
  '%s %s keeps its operation id and its statuses',
  (path, method, { operationId, responses }) => {
    const described = (document.paths[path] as Record<string, { operationId: string; responses: Record<string, unknown> }>)[method];
    expect(described?.operationId).toBe(operationId);
    const statuses = Object.keys(described?.responses ?? {});
    // Steering a job is accepted, not done: the predecessor answered 202 and documented 200.
    for (const status of responses) if (status !== '200' || !/cancel|retry/.test(path)) expect(statuses).toContain(status);
  },
);

test('every reference leads somewhere, and every operation id is unique', () => {
  const references = [...within(document)].flatMap((node) => (typeof node['$ref'] === 'string' ? [node['$ref']] : []));
  for (const reference of references) {
    const found = reference
      .slice(2)
      .split('/')
      .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document);
    expect({ reference, isThere: found !== undefined }).toEqual({ reference, isThere: true });
  }
  const ids = [...within(document.paths)].flatMap((node) => (typeof node['operationId'] === 'string' ? [node['operationId']] : []));
  expect(new Set(ids).size).toBe(ids.length);
  expect(JSON.stringify(document)).not.toContain('$defs');
});

test.each(operations.map((registered) => [registered.operation.name, registered] as const))(
  'the examples of %s are what its schemas say',
  (_name, { input, output, inputSchema, outputSchema }) => {
    expect(input.safeParse(exampleOf(inputSchema, { required: true })).error?.issues ?? []).toEqual([]);
    expect(output.safeParse(exampleOf(outputSchema, { required: true })).error?.issues ?? []).toEqual([]);
  },
);

test('every route says who may call it and what may go wrong', () => {
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const described of Object.values(
      methods as Record<string, { responses: Record<string, unknown>; tags: readonly string[]; security?: readonly unknown[] }>,
    )) {
      expect(described.tags).toHaveLength(1);
      const missing = ['401', '403', '429'].filter(
        (status) => described.security?.length !== 0 && described.responses[status] === undefined,
      );
      expect({ path, missing }).toEqual({ path, missing: [] });
    }
  }
  expect(Object.keys((document as unknown as { components: { securitySchemes: JsonSchema } }).components.securitySchemes)).toEqual([
    'ApiKey',
    'ApiKeyAsPassword',
    'AccessToken',
  ]);
});
