import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseJson } from '../../src/proxmox/parse-json.ts';

/** Long enough that every list is cut several times. */
const FILLER = 'x'.repeat(40_000);

test('a long list reads the same in pieces as whole, whatever stands in its strings', async () => {
  const row = fc.dictionary(fc.string(), fc.oneof(fc.jsonValue(), fc.constantFrom('},{', '},{"', '"},{"a":', ']}', ']')));
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 40 }), fc.boolean(), async (rows, hasTotal) => {
      const text = JSON.stringify({ data: rows.flatMap((fields) => [fields, { FILLER }]), ...(hasTotal ? { total: rows.length } : {}) });
      expect(await parseJson(text)).toEqual(JSON.parse(text));
    }),
    { numRuns: 60 },
  );
});

test('a long list that is cut off is refused', async () => {
  const text = JSON.stringify({ data: Array.from({ length: 40 }, () => ({ FILLER })) });
  await expect(parseJson(text.slice(0, -1))).rejects.toThrow(SyntaxError);
  await expect(parseJson(`${text.slice(0, -3)}]}`)).rejects.toThrow(SyntaxError);
});
