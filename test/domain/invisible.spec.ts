import { describe, expect, test } from 'vitest';
import { holdsFalseSpace, holdsInvisible } from '../../src/domain/invisible.ts';
import { splitWords } from '../../src/domain/shell-words.ts';
import { showJson, showUntrusted } from '../../src/domain/untrusted-text.ts';
import { showOutput } from '../../src/domain/visible-output.ts';

const shown = (text: string): string => showOutput(Buffer.from(text), 1000).text;

describe.each([
  ['NUL', 0x00],
  ['a bell', 0x07],
  ['the escape that begins a sequence of a terminal', 0x1b],
  ['delete', 0x7f],
  ['a sequence introducer of C1', 0x9b],
  ['a soft hyphen', 0xad],
  ['an Arabic letter mark', 0x61c],
  ['a grapheme joiner', 0x34f],
  ['a Hangul filler', 0x3164],
  ['a Khmer vowel that is not shown', 0x17b4],
  ['a Mongolian vowel separator', 0x180e],
  ['a zero-width space', 0x200b],
  ['a zero-width joiner', 0x200d],
  ['a right-to-left mark', 0x200f],
  ['a line separator', 0x2028],
  ['a paragraph separator', 0x2029],
  ['a right-to-left override', 0x202e],
  ['a word joiner', 0x2060],
  ['an invisible times', 0x2062],
  ['a bidirectional isolate', 0x2066],
  ['a deprecated formatting character', 0x206f],
  ['private use', 0xe000],
  ['a variation selector that no emoji needs', 0xfe01],
  ['a byte order mark', 0xfeff],
  ['an interlinear annotation', 0xfff9],
  ['a noncharacter', 0xfffe],
  ['a musical beam', 0x1d173],
  ['a language tag', 0xe0001],
  ['a tag letter', 0xe0041],
  ['a variation selector of plane 14', 0xe0148],
  ['private use of plane 16', 0x10fffd],
])('%s', (_name, codePoint) => {
  const character = String.fromCodePoint(codePoint);
  const hex = codePoint.toString(16);

  test('is written out wherever text of others is shown', () => {
    expect(showUntrusted(`a${character}b`)).not.toContain(character);
    expect(shown(`a${character}b`)).not.toContain(character);
    expect(shown(`a${character}b`)).toContain(codePoint < 0x80 ? `\\x${hex.padStart(2, '0')}` : hex);
    expect(showJson({ name: character })).not.toContain(character);
    expect(JSON.parse(showJson({ name: character }))).toEqual({ name: character });
  });

  test('has no place in a command', () => {
    expect(holdsInvisible(`ls${character}`)).toBe(true);
    for (const command of [`ls${character}`, `ls '${character}'`, `ls "${character}"`, `ls \\${character}`])
      expect(splitWords(command)).toMatchObject({ ok: false });
  });
});

test('half a character is written out, and has no place in a command', () => {
  expect(showUntrusted('\ud800 x')).toBe('"\\ud800 x"');
  expect(splitWords('ls \udc00')).toMatchObject({ ok: false });
});

test.each(['no-break\u00a0space', '表\u3000意', 'ä€', '☂\ufe0f and ☎\ufe0e', 'नमस्ते', 'مرحبا', '👩🏽'])(
  '%j stays as it is where text is shown',
  (text) => {
    expect([showUntrusted(text), shown(text), showJson(text)]).toEqual([`"${text}"`, text, `"${text}"`]);
  },
);

test.each(['\u00a0', '\u2003', '\u202f', '\u3000', '\u2800'])(
  '%j looks like a space, and is none between the words of a command',
  (blank) => {
    expect(holdsFalseSpace(`ls${blank}x`)).toBe(true);
    expect(holdsFalseSpace('ls x')).toBe(false);
    expect(splitWords(`ls${blank}x`)).toMatchObject({ ok: false });
  },
);
