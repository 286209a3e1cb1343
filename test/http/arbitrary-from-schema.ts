import fc, { type Arbitrary } from 'fast-check';
import type { JsonSchema } from '../../src/dispatch/registered-operation.ts';

/** Values that exist in the simulated cluster, so that some requests reach it. */
const KNOWN: Readonly<Record<string, readonly unknown[]>> = {
  vmid: [100, 101, 102, 103, 200, 201, 999],
  node: ['pve1', 'pve2', 'pve3', 'nosuch'],
  storage: ['local', 'local-lvm', 'nfs-backup', 'nosuch'],
  selector: ['200', 'pve1:200', '200,201', 'nosuch'],
  snapname: ['before-upgrade', 'nosuch'],
  wait_seconds: [0],
  dry_run: [true, false],
};
const NASTY: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1e308,
  2 ** 53,
  '',
  ' ',
  '../../7772',
  '%2e%2e%2f',
  '\u0000',
  '\u202e',
  "'; rm -rf /",
  '{{7*7}}',
  '\ud800',
  [],
  {},
  [[]],
  'x'.repeat(5000),
];

/** Mostly what the schema allows, and now and then what it does not. */
export function arbitraryFromSchema(schema: JsonSchema, name = ''): Arbitrary<unknown> {
  const known = KNOWN[name];
  return fc.oneof(
    { weight: 18, arbitrary: known ? fc.constantFrom(...known) : valid(schema) },
    { weight: 3, arbitrary: valid(schema) },
    { weight: 1, arbitrary: fc.constantFrom(...NASTY) },
  );
}

function valid(schema: JsonSchema): Arbitrary<unknown> {
  if (schema['const'] !== undefined) return fc.constant(schema['const']);
  const values = schema['enum'] as readonly unknown[] | undefined;
  if (values) return fc.constantFrom(...values);
  const choices = (schema['anyOf'] ?? schema['oneOf']) as readonly JsonSchema[] | undefined;
  if (choices) return fc.oneof(...choices.map(valid));
  switch (Array.isArray(schema['type']) ? schema['type'][0] : schema['type']) {
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(valid((schema['items'] ?? {}) as JsonSchema), { maxLength: Math.min(4, Number(schema['maxItems'] ?? 4)) });
    case 'integer':
      return fc.integer({
        min: Math.max(-(2 ** 31), Number(schema['minimum'] ?? 0)),
        max: Math.min(2 ** 31 - 1, Number(schema['maximum'] ?? 2 ** 31 - 1)),
      });
    case 'number':
      return fc.double({ noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'string':
      return typeof schema['pattern'] === 'string'
        ? fc.stringMatching(new RegExp(schema['pattern'])).filter((text) => text.length < 500)
        : fc.string({ unit: 'grapheme', maxLength: Math.min(60, Number(schema['maxLength'] ?? 60)) });
    default:
      return fc.jsonValue({ maxDepth: 2 });
  }
}

/** Names that no schema has, one of which has a meaning of its own in JavaScript. */
const SURPLUS: Readonly<Record<string, Arbitrary<unknown>>> = { ['__proto__']: fc.constant({ polluted: true }), surplus: fc.jsonValue() };

function objectOf(schema: JsonSchema): Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>);
  const required = (schema['required'] ?? []) as readonly string[];
  const arbitraries = Object.fromEntries(properties.map(([name, inner]) => [name, arbitraryFromSchema(inner, name)]));
  return fc.oneof(
    { weight: 8, arbitrary: fc.record(arbitraries, { requiredKeys: [...required] }) },
    { weight: 1, arbitrary: fc.record(arbitraries, { requiredKeys: [] }) },
    { weight: 1, arbitrary: fc.record({ ...arbitraries, ...SURPLUS }, { requiredKeys: [...required] }) },
  );
}
