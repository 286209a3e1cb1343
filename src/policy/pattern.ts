import { RE2JS } from 're2js';

/** A pattern of the config, compiled in RE2 syntax: time grows linearly with the text, whatever the pattern. */
export interface Pattern {
  readonly source: string;
  /** True when the whole text matches; never for a text longer than PATTERN_TEXT_MAX. */
  matchesWhole(text: string): boolean;
  /** True when any part of the text matches; always for a text longer than PATTERN_TEXT_MAX, because it cannot be ruled out. */
  isFoundIn(text: string): boolean;
}

/** A compiled pattern, or a sentence on what is wrong with it. */
export type PatternResult = { readonly ok: true; readonly pattern: Pattern } | { readonly ok: false; readonly problem: string };

/** Longest pattern, in characters, and largest compiled program, in instructions, that a config may hold. */
const PATTERN_LENGTH_MAX = 1_000;
const PATTERN_PROGRAM_MAX = 500;
/** Longest text that a pattern judges: the cost is the product of the program's size and the text's length. */
export const PATTERN_TEXT_MAX = 4_096;

const FOREIGN: readonly (readonly [RegExp, string])[] = [
  [/\(\?=|\(\?!/, 'a lookahead; write one pattern for what is allowed, and a deny rule or deny pattern for the exception'],
  [/\(\?<=|\(\?<!/, 'a lookbehind; match the text before as part of the pattern, or use a deny pattern for the exception'],
  [/\(\?P=|\\k[<{']|\\g[<{'0-9]|\\[1-9]/, 'a backreference; write the alternatives out'],
  [/\(\?>/, 'an atomic group; write (?:…), matching is linear without it'],
  [/\(\?\(/, 'a conditional group; write the alternatives out with |'],
  [/[*+?}]\+/, 'a possessive quantifier; drop the second +, matching is linear without it'],
  [/\\Z/, '\\Z; write $ or \\z'],
  [/\(\?#/, 'a comment; remove it'],
];

/** Compiles a pattern, or says what in it RE2 does not know and what to write instead. */
export function compilePattern(source: string, options: { readonly ignoreCase?: boolean } = {}): PatternResult {
  if (source.length > PATTERN_LENGTH_MAX)
    return problem(`is ${source.length} characters long; split it into patterns of at most ${PATTERN_LENGTH_MAX}`);
  try {
    const compiled = RE2JS.compile(source, options.ignoreCase === true ? RE2JS.CASE_INSENSITIVE : 0);
    if (compiled.programSize() > PATTERN_PROGRAM_MAX) return problem('expands to too many steps; use smaller counts in {…}');
    return {
      ok: true,
      pattern: {
        source,
        matchesWhole: (text) => text.length <= PATTERN_TEXT_MAX && compiled.testExact(text),
        isFoundIn: (text) => text.length > PATTERN_TEXT_MAX || compiled.test(text),
      },
    };
  } catch (thrown) {
    const bare = withoutEscapes(source);
    const advice = FOREIGN.find(([foreign]) => foreign.test(bare))?.[1];
    if (advice !== undefined) return problem(`uses ${advice}`);
    return problem(
      `is not RE2 syntax (${thrown instanceof Error ? thrown.message : 'unreadable'}); see https://github.com/google/re2/wiki/Syntax`,
    );
  }
}

function problem(text: string): PatternResult {
  return { ok: false, problem: `The pattern ${text}.` };
}

/** Escaped backslashes and brackets become harmless characters, so that what follows is not taken for an escape or a group. */
function withoutEscapes(source: string): string {
  return source.replaceAll('\\\\', '__').replaceAll(/\\[()[\]{}*+?]/g, '__');
}
