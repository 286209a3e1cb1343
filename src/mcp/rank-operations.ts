import { editDistance } from '../domain/edit-distance.ts';
import type { Risk } from '../domain/risk.ts';
import { IGNORED_WORDS, PHRASES, SAME_WORDS } from './search-words.ts';

/** What is searched of an operation. */
export interface Searchable {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly risk: Risk;
}

/** Finds operations by what somebody wants; the best first, with a score above 0. */
export type Rank = (wish: string, limit: number) => readonly { readonly name: string; readonly score: number }[];

// The constants of BM25, measured on the labelled intents: words of a name weigh several times those of a description.
const SATURATION = 4;
const LENGTH_WEIGHT = 0.75;
const FIELD_WEIGHTS = { name: 5, title: 2, description: 1 } as const;
const MAX_WISH = 500;
const UNWANTED = /^\s*(?:please )?(?:don't|do not|not|no|never|without|nothing|delete nothing|change nothing)\b/;
const UNWANTED_WEIGHT = 0.25;
/** Who asks something wants to know it: what only reads comes before what changes. */
const QUESTION =
  /^(?!.*\b(?:can|could|would|will) you\b).*\?\s*$|^\s*(?:which|what|whats|how|hows|when|where|who|why|is|are|do|did|does|has|have|show|list)\b/;
const QUESTION_WEIGHT = 1.5;

/** Ranks by BM25 over names, titles and descriptions, with misspelt words taken for the nearest known one. */
export function createRank(operations: readonly Searchable[]): Rank {
  const documents = operations.map((operation) => ({
    name: operation.name,
    reads: operation.risk === 'read',
    weights: weightsOf(operation),
  }));
  const frequency = new Map<string, number>();
  for (const { weights } of documents) for (const word of weights.keys()) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  const lengths = documents.map(({ weights }) => sum(weights.values()));
  const meanLength = sum(lengths) / Math.max(1, lengths.length);
  const rarity = (word: string): number => {
    const count = frequency.get(word) ?? 0;
    return Math.log(1 + (documents.length - count + 0.5) / (count + 0.5));
  };

  return (wish, limit) => {
    const words = [...meantWords(wish)].flatMap(([word, meant]) => known(word, frequency).map((found) => ({ word: found, meant })));
    const asks = QUESTION.test(wish.slice(0, MAX_WISH).toLowerCase());
    const scored = documents.map(({ name, reads, weights }, index) => {
      const norm = SATURATION * (1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * (lengths[index] ?? 0)) / meanLength);
      const score = sum(
        words.map(({ word, meant }) => {
          const weight = weights.get(word) ?? 0;
          return (meant * rarity(word) * weight * (SATURATION + 1)) / (weight + norm);
        }),
      );
      return { name, score: asks && reads ? score * QUESTION_WEIGHT : score };
    });
    return scored
      .filter(({ score }) => score > 0)
      .toSorted((a, b) => b.score - a.score)
      .slice(0, limit);
  };
}

function weightsOf(operation: Searchable): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  for (const field of ['name', 'title', 'description'] as const) {
    for (const word of wordsOf(operation[field])) weights.set(word, (weights.get(word) ?? 0) + FIELD_WEIGHTS[field]);
  }
  return weights;
}

/** The words of a wish. Those of a clause that says what is not wanted count little: they still tell what it is about. */
function meantWords(wish: string): ReadonlyMap<string, number> {
  const text = wish.slice(0, MAX_WISH).toLowerCase().replaceAll('’', "'");
  const words = new Map<string, number>();
  for (const clause of text.split(/[,;:.]|\bbut\b/)) {
    const weight = UNWANTED.test(clause) ? UNWANTED_WEIGHT : 1;
    for (const word of wordsOf(clause)) words.set(word, Math.max(weight, words.get(word) ?? 0));
  }
  return words;
}

function wordsOf(text: string): readonly string[] {
  const plain = PHRASES.reduce((sofar, [phrase, word]) => sofar.replace(phrase, ` ${word} `), text.toLowerCase());
  return (plain.match(/[a-z]+/g) ?? [])
    .filter((word) => !IGNORED_WORDS.has(word))
    .flatMap((word) => SAME_WORDS.get(word) ?? SAME_WORDS.get(stem(word)) ?? [stem(word)]);
}

function stem(word: string): string {
  if (word.length > 5 && word.endsWith('ing')) return word.slice(0, -3);
  if (word.length > 4 && word.endsWith('ed')) return word.slice(0, -2);
  if (word.length > 3 && word.endsWith('ies')) return `${word.slice(0, -3)}y`;
  if (word.length > 3 && word.endsWith('s') && !word.endsWith('ss') && !word.endsWith('us')) return word.slice(0, -1);
  return word;
}

/** The word itself when it is known, else the nearest known one within a slip or two of the fingers. */
function known(word: string, vocabulary: ReadonlyMap<string, number>): readonly string[] {
  if (vocabulary.has(word)) return [word];
  const allowed = word.length >= 8 ? 2 : word.length >= 4 ? 1 : 0;
  let best: string | undefined;
  let bestDistance = allowed + 1;
  if (allowed > 0) {
    for (const candidate of [...vocabulary.keys(), ...SAME_WORDS.keys()]) {
      if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
      const distance = editDistance(word, candidate);
      if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
    }
  }
  return best === undefined ? [] : (SAME_WORDS.get(best) ?? [best]).filter((found) => vocabulary.has(found));
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
