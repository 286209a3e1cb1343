const BARE = /^[A-Za-z0-9_@%+=:,./-]+$/;

/** One word as a POSIX shell would have to be given it: bare where that is plain, else in single quotes. */
function quoteWord(word: string): string {
  return BARE.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The one text of an argv: what patterns are matched against, what an approver sees and what is audited. Two different argvs
 * never have the same text. `firsts` puts another first character, unquoted, in place of that of the word at an index.
 */
export function canonicalCommand(argv: readonly string[], firsts: ReadonlyMap<number, string> = new Map()): string {
  return argv
    .map((word, index) => {
      const first = firsts.get(index);
      const quoted = quoteWord(word);
      return first === undefined ? quoted : quoted.replace(word[0] ?? '', first);
    })
    .join(' ');
}
