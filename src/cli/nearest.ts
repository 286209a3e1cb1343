import { editDistance } from '../domain/edit-distance.ts';

/** Longer words are compared by their beginning: the time grows with the product of the lengths. */
const COMPARED = 64;

/** The candidates that a misspelt word may mean, best first, three at most; none when nothing is near. */
export function nearest(word: string, candidates: readonly string[]): readonly string[] {
  const wanted = word.toLowerCase();
  const limit = Math.max(1, Math.floor(wanted.length / 3));
  return candidates
    .map((candidate) => {
      const text = candidate.toLowerCase();
      const isPart = wanted.length >= 3 && (text.startsWith(wanted) || wanted.startsWith(text) || text.endsWith(wanted));
      return [candidate, isPart ? 0.5 : editDistance(wanted.slice(0, COMPARED), text.slice(0, COMPARED))] as const;
    })
    .filter(([, edits]) => edits <= limit)
    .toSorted(([, a], [, b]) => a - b)
    .slice(0, 3)
    .map(([candidate]) => candidate);
}

/** `Did you mean --vmid?`; undefined when nothing is near. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const found = nearest(word, candidates);
  return found.length === 0 ? undefined : `Did you mean ${found.join(' or ')}?`;
}
