/** The candidates that a misspelt word may mean, best first, three at most; none when nothing is near. */
export function nearest(word: string, candidates: readonly string[]): readonly string[] {
  const wanted = word.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return candidates
    .map((candidate) => {
      const text = candidate.toLowerCase();
      const isPart = wanted.length >= 3 && (text.startsWith(wanted) || wanted.startsWith(text) || text.endsWith(wanted));
      return [candidate, isPart ? 0.5 : distance(wanted, text)] as const;
    })
    .filter(([, edits]) => edits <= limit)
    .toSorted(([, a], [, b]) => a - b)
    .slice(0, 3)
    .map(([candidate]) => candidate);
}

/** ` Did you mean --vmid?`, or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const found = nearest(word, candidates);
  return found.length === 0 ? undefined : `Did you mean ${found.join(' or ')}?`;
}

/** Edits between two words; a swap of neighbours counts as one. */
function distance(a: string, b: string): number {
  const width = Math.min(b.length, 64);
  let before: number[] = [];
  let last = Array.from({ length: width + 1 }, (_value, index) => index);
  for (let row = 1; row <= Math.min(a.length, 64); row += 1) {
    const current = [row];
    for (let column = 1; column <= width; column += 1) {
      const isSame = a[row - 1] === b[column - 1];
      let edits = Math.min((last[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + (isSame ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        edits = Math.min(edits, (before[column - 2] ?? 0) + 1);
      }
      current.push(edits);
    }
    before = last;
    last = current;
  }
  return last[width] ?? 0;
}
