/** What is to be known of a JSON text before it is trusted. What it says of a text that is no JSON means nothing. */
export interface JsonSurvey {
  /** Objects and lists inside one another. */
  readonly depth: number;
  /** A name that stands twice in one object, or that JavaScript takes for something else; undefined without one. */
  readonly ambiguous: string | undefined;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x7b, 0x5b]);
const CLOSING = new Set([0x7d, 0x5d]);
const AFTER_NAME = /[ \t\n\r]*:/y;

/** Reads a text once, without recursion: a parser would run out of stack, and keeps the last of two equal names without a word. */
export function surveyJson(text: string): JsonSurvey {
  const names: Set<string>[] = [];
  let depth = 0;
  let ambiguous: string | undefined;
  for (let index = 0; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === QUOTE) {
      const start = index;
      index = endOfString(text, start);
      AFTER_NAME.lastIndex = index + 1;
      if (ambiguous !== undefined || !AFTER_NAME.test(text)) continue;
      const name = unescaped(text.slice(start + 1, index));
      const known = names.at(-1);
      if (name === '__proto__' || known?.has(name) === true) ambiguous = name;
      known?.add(name);
    } else if (OPENING.has(character)) {
      names.push(new Set());
      depth = Math.max(depth, names.length);
    } else if (CLOSING.has(character)) names.pop();
  }
  return { depth, ambiguous };
}

/** Where the quote is that ends the string; the last place of the text where none does. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const character = text.charCodeAt(index);
    if (character === BACKSLASH) index += 1;
    else if (character === QUOTE) return index;
  }
  return text.length;
}

function unescaped(name: string): string {
  if (!name.includes('\\')) return name;
  try {
    return String(JSON.parse(`"${name}"`));
  } catch {
    return name;
  }
}
