import { describe, expect, test } from 'vitest';
import { compilePattern, PATTERN_TEXT_MAX } from '../../src/policy/pattern.ts';
import { decide } from '../../src/policy/decide.ts';
import { policySchema } from '../../src/policy/policy-schema.ts';
import { command, policy } from './facts.ts';
import { randomFrom } from './shell-strings.ts';

/** Patterns on which backtracking engines need exponential or high polynomial time, and texts that bring it about. */
const SEEDS = [
  '(a+)+$',
  '(a|a)*$',
  '(a|aa)+$',
  '(a*)*b',
  '([a-z]+)*!',
  '(.*)*x',
  '(x+x+)+y',
  '(a+){2,}$',
  '(?:a?){40}a{40}',
  '(\\w+\\s?)*$',
  '(\\d+)+-',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(a|b|ab)*c',
  '.*.*.*.*.*x',
  '(.+)+=(.+)+',
  '((a*)+)+b',
  '(?:.*a){12}',
  '([^x]+)+x',
  '(aa|aab?)+$',
  '(-+)+>',
];
const WRAPS = [
  (p: string) => p,
  (p: string) => `^${p}`,
  (p: string) => `(?:${p})?${p}`,
  (p: string) => `(?i)${p}`,
  (p: string) => `(${p}|b)+`,
  (p: string) => `\\b${p}`,
  (p: string) => `(?:${p}){3}`,
  (p: string) => `[^\\n]*${p}`,
  (p: string) => `(?s)${p}.*`,
  (p: string) => `(?:${p}|(?:${p})*)`,
];
const EVIL = SEEDS.flatMap((seed) => WRAPS.map((wrap) => wrap(seed)));
const TEXTS = ['a', 'ab', '1', '-', 'x', 'aA', 'a '].map((unit) => unit.repeat(2_000 / unit.length));

/** Milliseconds of the best of three runs at most, or of the first that is quick enough: other work on the machine is not the pattern's fault. */
function bestOf(limit: number, run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < 3 && best > limit; attempt += 1) {
    const started = performance.now();
    run();
    best = Math.min(best, performance.now() - started);
  }
  return best;
}

describe('patterns that would stop a backtracking engine', () => {
  test(`${EVIL.length} of them settle a command of 2,000 characters in under 50 ms each`, { timeout: 120_000 }, () => {
    expect(EVIL.length).toBeGreaterThanOrEqual(200);
    const slow: unknown[] = [];
    for (const pattern of EVIL) {
      const settings = policy({ commands: { allow_patterns: [pattern], deny_patterns: [pattern] } });
      for (const text of TEXTS) {
        const milliseconds = bestOf(50, () => void decide(command(['echo', text, '!']), settings));
        if (milliseconds > 50) slow.push({ pattern, text: text.slice(0, 4), milliseconds });
      }
    }
    expect(slow).toEqual([]);
  });

  test('the largest patterns a config may hold settle the longest text they judge', () => {
    const random = randomFrom(7);
    const letters = (count: number) => Array.from({ length: count }, () => (random() < 0.5 ? 'a' : 'b')).join('');
    for (const pattern of [
      '(?:a?){240}b',
      '[ab]*a[ab]{450}!',
      '(?:.*a.{100}|.*b.{130}|.*c.{150})!',
      '\\b(?:.*a.{100}|.*b.{130}|.*c.{150})!',
      `${'[a-z]?'.repeat(160)}!`,
    ]) {
      const result = compilePattern(pattern);
      if (!result.ok) throw new Error(result.problem);
      for (const text of ['a'.repeat(PATTERN_TEXT_MAX), letters(PATTERN_TEXT_MAX)]) {
        expect(bestOf(1_000, () => expect(result.pattern.matchesWhole(text)).toBe(false))).toBeLessThan(1_000);
      }
    }
  });

  test('a text too long to judge is never allowed by a pattern, and always met by one that denies', () => {
    const result = compilePattern('a+');
    if (!result.ok) throw new Error(result.problem);
    expect(result.pattern.matchesWhole('a'.repeat(PATTERN_TEXT_MAX))).toBe(true);
    expect(result.pattern.matchesWhole('a'.repeat(PATTERN_TEXT_MAX + 1))).toBe(false);
    expect(result.pattern.isFoundIn('b'.repeat(PATTERN_TEXT_MAX + 1))).toBe(true);
    expect(decide(command(['echo', 'b'.repeat(5_000)]), policy({ commands: { mode: 'audit_only', deny_patterns: ['a'] } }))).toMatchObject({
      effect: 'deny',
      cause: 'deny-pattern-unclear',
    });
    expect(decide(command(['echo', 'b'.repeat(5_000)]), policy({ commands: { mode: 'audit_only' } })).effect).toBe('allow');
  });

  test('time grows with the length of the text, not faster', () => {
    const result = compilePattern('(a+)+$');
    if (!result.ok) throw new Error(result.problem);
    const measure = (length: number) => {
      const text = `${'a'.repeat(length)}!`;
      const started = performance.now();
      for (let round = 0; round < 50; round += 1) result.pattern.isFoundIn(text);
      return performance.now() - started;
    };
    measure(1_000);
    expect(measure(4_000)).toBeLessThan(measure(1_000) * 4 * 10 + 200);
  });
});

describe('patterns that are not RE2 are errors of the config, which say where and what to write instead', () => {
  test.each([
    ['^a(?=b)', 'lookahead'],
    ['^(?!rm)', 'deny pattern'],
    ['(?<=a)b', 'lookbehind'],
    ['(?<!a)b', 'lookbehind'],
    ['(a)\\1', 'backreference'],
    ['(?P<x>a)(?P=x)', 'backreference'],
    ['(?>a)', '(?:…)'],
    ['a++', 'possessive'],
    ['(?(1)a|b)', 'conditional'],
    ['a\\Z', 'write $'],
    ['(?#x)a', 'comment'],
    ['(', 'missing closing'],
    ['a{1001}', 'repeat count'],
    ['(a{100}){100}', 'repeat count'],
    ['(?:[a-z][0-9]?){400}', 'too many steps'],
    ['a'.repeat(1_001), 'at most 1000'],
  ])('%s', (pattern, words) => {
    const result = policySchema.safeParse({ commands: { allow_patterns: ['ok', pattern] } });
    const [issue] = result.error?.issues ?? [];
    expect(issue?.path).toEqual(['commands', 'allow_patterns', 1]);
    expect(issue?.message).toContain(words);
  });

  test.each(['[(?=]', '\\(?=', '(?P<name>a)', '(?i)a', '\\pL+', '[[:alpha:]]', '\\&'])('%s is RE2', (pattern) =>
    expect(compilePattern(pattern).ok).toBe(true),
  );
});
