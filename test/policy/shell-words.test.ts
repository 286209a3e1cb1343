import { describe, expect, test } from 'vitest';
import { canonicalCommand } from '../../src/policy/canonical-command.ts';
import { COMMAND_LENGTH_MAX, splitWords } from '../../src/domain/shell-words.ts';

describe('a command string is split into words', () => {
  test.each<[string, string[]]>([
    ['uname -a', ['uname', '-a']],
    ['  df   -h  ', ['df', '-h']],
    ['', []],
    ['   ', []],
    ["echo 'a b' c", ['echo', 'a b', 'c']],
    ['echo "a b" c', ['echo', 'a b', 'c']],
    ["echo ''", ['echo', '']],
    ["echo a''b", ['echo', 'ab']],
    [String.raw`echo a\ b`, ['echo', 'a b']],
    [String.raw`echo \;\|\&\$\(`, ['echo', ';|&$(']],
    [String.raw`echo "\$HOME \\ \" \n"`, ['echo', String.raw`$HOME \ " \n`]],
    [String.raw`echo 'C:\Windows'`, ['echo', String.raw`C:\Windows`]],
    ["echo 'it'\\''s'", ['echo', "it's"]],
    ["grep '^root:' /etc/passwd", ['grep', '^root:', '/etc/passwd']],
    ['grep ^root /etc/passwd', ['grep', '^root', '/etc/passwd']],
    ['systemctl status ssh@1.service', ['systemctl', 'status', 'ssh@1.service']],
    ['date +%s,%N', ['date', '+%s,%N']],
    ['printf %s=%s a=b', ['printf', '%s=%s', 'a=b']],
    ['echo grüße', ['echo', 'grüße']],
    ['/usr/bin/if x', ['/usr/bin/if', 'x']],
  ])('%j', (text, words) => {
    expect(splitWords(text)).toEqual({ ok: true, words });
  });
});

describe('a text that makes a shell do more is refused, with the place and what to do', () => {
  test.each<[string, number, string]>([
    ['uname -a; reboot', 8, ';'],
    ['a|b', 1, '|'],
    ['a&b', 1, '&'],
    ['a && b', 2, '&'],
    ['echo $HOME', 5, '$'],
    ['echo `id`', 5, '`'],
    ['a<b', 1, '<'],
    ['a>b', 1, '>'],
    ['a 2>b', 3, '>'],
    ['(a)', 0, '('],
    ['a )', 2, ')'],
    ['echo {a,b}', 5, '{'],
    ['a }', 2, '}'],
    ['ls ~', 3, '~'],
    ['ls a=~/x', 5, '~'],
    ['ls *', 3, '*'],
    ['ls a?', 4, '?'],
    ['ls [a]', 3, '['],
    ['ls a]', 4, ']'],
    ['! a', 0, '!'],
    ['a #b', 2, '#'],
    ['a\nb', 1, 'U+000A'],
    ['a\tb', 1, 'U+0009'],
    ['a\0b', 1, 'U+0000'],
    ['a\u007Fb', 1, 'U+007F'],
    ["a 'b\nc'", 4, 'U+000A'],
    ['a \u00A0b', 2, 'U+00A0'],
    ['a \u202Eb', 2, 'U+202E'],
    ['a b\uFE0F', 3, 'U+FE0F'],
    ['a \u3164', 2, 'U+3164'],
    ['a \u2800', 2, 'U+2800'],
    ["a '\u{E0100}'", 3, 'U+E0100'],
    ['a \uFEFFb', 2, 'U+FEFF'],
    ['a \u2028b', 2, 'U+2028'],
    ['a \uD800b', 2, 'U+D800'],
    ['a "$b"', 3, '$'],
    ['a "`b`"', 3, '`'],
    ['a "!b"', 3, '!'],
    ["a 'b", 2, "'"],
    ['a "b', 2, '"'],
    ['a "b\\"', 2, '"'],
    ['a \\', 2, '\\'],
    ['a \\\nb', 3, 'U+000A'],
    ['A=b c', 0, 'A'],
    ['A+=b c', 0, 'A'],
    ['if a', 0, 'i'],
    ['time a', 0, 't'],
    ['%1', 0, '%'],
    ['^a^b', 0, '^'],
    ['-c a', 0, '-'],
    ["'' a", 0, "'"],
  ])('%j at %i', (text, position, character) => {
    const result = splitWords(text);
    expect(result).toMatchObject({ ok: false, position, character });
    if (!result.ok) {
      expect(result.message).toMatch(/\.$/);
      expect(result.hint).toMatch(/\.$/);
      expect(result.message + result.hint).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  test('a command longer than the limit is refused', () => {
    expect(splitWords(`echo ${'a'.repeat(COMMAND_LENGTH_MAX)}`)).toMatchObject({ ok: false });
  });
});

describe('the canonical text', () => {
  test('splits back into the same words', () => {
    for (const words of [
      ['a', ''],
      ['a', "it's", ';', '$x', '~', 'a b', '\\', '"', '!', 'grün'],
      ['echo', '-n', '{a,b}'],
    ]) {
      expect(splitWords(canonicalCommand(words))).toEqual({ ok: true, words });
    }
  });

  test('leaves plain words as they are, so that patterns read naturally', () => {
    expect(canonicalCommand(['systemctl', 'status', 'ssh@1.service', '--lines=5'])).toBe('systemctl status ssh@1.service --lines=5');
  });
});
