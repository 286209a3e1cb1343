import { canonicalCommand } from './canonical-command.ts';
import type { Pattern } from './pattern.ts';

/** Words with a dash in front that are looked at one by one; a pattern that writes out more is better written as a rule. */
const OPTIONS_MAX = 16;
/** Matches `.` and negated classes, and nothing that a person would list. */
const ANY = '\ue000';
/** One of them is in every class of letters, digits or signs that people write for a name. */
const LISTED = ['a', 'A', '0', '.', '_'];

/**
 * True when an allow pattern matches the whole command, and each option in it is written out in the pattern (`-h`) or falls to `.` or
 * a negated class. A class that lists a dash among letters, as in `[a-z.-]+` for a name, means names with a dash in them: an option
 * that would slip in through it (`systemctl status -Hroot@host`) is not allowed.
 */
export function allowsByPattern(pattern: Pattern, argv: readonly string[]): boolean {
  if (!pattern.matchesWhole(canonicalCommand(argv))) return false;
  const options = argv.flatMap((word, index) => (index > 0 && word.startsWith('-') ? [index] : []));
  if (options.length === 0 || pattern.matchesWhole(canonicalCommand(argv, new Map(options.map((at) => [at, ANY]))))) return true;
  const matchesWith = (at: number, character: string): boolean => pattern.matchesWhole(canonicalCommand(argv, new Map([[at, character]])));
  return (
    options.length <= OPTIONS_MAX && options.every((at) => matchesWith(at, ANY) || !LISTED.some((character) => matchesWith(at, character)))
  );
}
