import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { writeInvisible } from '../../src/domain/invisible.ts';
import { showOutput } from '../../src/domain/visible-output.ts';

const MAX = 64 * 1024;
const show = (bytes: Uint8Array | string, max = MAX, isCut = false) => showOutput(Buffer.from(bytes as Uint8Array), max, isCut);
/** Nothing is hidden but line breaks and tabs. */
const isClear = (text: string): boolean => writeInvisible(text.replaceAll(/[\n\t]/g, '')) === text.replaceAll(/[\n\t]/g, '');

describe('output of programs', () => {
  test('whatever the bytes, the text has nothing invisible in it and fits', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.uint8Array({ maxLength: 400 }), fc.string({ unit: 'binary', maxLength: 200 })),
        fc.integer({ min: 0, max: 500 }),
        (bytes, max) => {
          const { text } = show(bytes, max);
          expect(isClear(text)).toBe(true);
          expect(Buffer.byteLength(text)).toBeLessThanOrEqual(max);
        },
      ),
      { numRuns: 3000 },
    );
  });

  test('plain text of any language stays as it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        fc.pre(isClear(text));
        expect(show(text)).toEqual({ text, shortened: false, invalidUtf8: false });
      }),
      { numRuns: 1000 },
    );
  });

  test('bytes are called invalid exactly where a strict decoder refuses them', () => {
    const strict = new TextDecoder('utf-8', { fatal: true });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        let refused = false;
        try {
          strict.decode(bytes);
        } catch {
          refused = true;
        }
        expect(show(bytes).invalidUtf8).toBe(refused);
      }),
      { numRuns: 20_000 },
    );
  });

  test('a character that the cut went through is left out, and not called invalid', () => {
    const euro = Buffer.from('a€');
    expect(show(euro.subarray(0, 3), MAX, true)).toEqual({ text: 'a', shortened: false, invalidUtf8: false });
    expect(show(euro.subarray(0, 3))).toEqual({ text: 'a\\xe2\\x82', shortened: false, invalidUtf8: true });
    expect(show('a€', 3)).toEqual({ text: 'a', shortened: true, invalidUtf8: false });
  });

  test('data smuggled in variation selectors and fillers is shown, the look of an emoji is not', () => {
    expect(show('☂\ufe0f\u{e0148}\u{e0169}\ufe01\u3164').text).toBe('☂\ufe0f\\u{e0148}\\u{e0169}\\ufe01\\u3164');
  });

  test('line breaks of Windows become plain ones, and a lone carriage return is shown', () => {
    expect(show('a\r\nb\rc').text).toBe('a\nb\\x0dc');
  });
});
