import { expect, test } from 'vitest';
import { z } from 'zod';
import { schemaWords } from '../../scripts/schema-words.ts';

const wordsFor = (schema: z.ZodType): string => schemaWords(z.toJSONSchema(schema, { io: 'input' }));

test.each([
  ['an integer with its bounds', z.int().min(1).max(600), 'integer 1 to 600'],
  ['an integer without bounds of its own', z.int(), 'integer'],
  ['a bound on one side', z.number().min(0), 'number from 0'],
  ['the values of an enumeration', z.enum(['off', 'on']), '`off`, `on`'],
  ['what a list holds', z.array(z.string().max(9)), 'list of strings'],
  ['a list of objects', z.array(z.object({ name: z.string() })), 'list of objects'],
  ['what an object with free keys holds', z.record(z.string(), z.string()), 'object of strings'],
  ['alternatives', z.union([z.string(), z.array(z.string())]), 'string or list of strings'],
  ['what may be null', z.string().nullable(), 'string or `null`'],
  ['a URL', z.url(), 'URL'],
])('tells %s', (_what, schema, words) => {
  expect(wordsFor(schema)).toBe(words);
});
