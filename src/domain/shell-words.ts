import { holdsFalseSpace, holdsInvisible } from './invisible.ts';

/** The words of a command string, or what keeps it from being only words. */
export type WordsResult = WordsFound | WordsRefused;

/** The text is only words. */
export interface WordsFound {
  readonly ok: true;
  readonly words: readonly string[];
}

/** The text is more than words, or broken. */
export interface WordsRefused {
  readonly ok: false;
  /** Index of the offending character, counted from 0 in UTF-16 units. */
  readonly position: number;
  /** The offending character, made visible; empty at the end of the text. */
  readonly character: string;
  /** What is wrong with which character. */
  readonly message: string;
  /** What to write instead. */
  readonly hint: string;
}

/** Longest command string that is read, in characters. */
export const COMMAND_LENGTH_MAX = 16_384;

const META: Readonly<Record<string, string>> = {
  ';': 'ends a command',
  '|': 'starts a pipe',
  '&': 'starts a background job or a second command',
  $: 'starts an expansion',
  '`': 'starts a command substitution',
  '<': 'redirects input',
  '>': 'redirects output',
  '(': 'starts a subshell',
  ')': 'ends a subshell',
  '{': 'starts a brace expansion',
  '}': 'ends a brace expansion',
  '~': 'may become a home directory',
  '*': 'is a file name pattern',
  '?': 'is a file name pattern',
  '[': 'is a file name pattern',
  ']': 'is a file name pattern',
  '!': 'negates or recalls history',
  '#': 'starts a comment',
};
const QUOTE_IT = 'Put it in single quotes if it is meant literally; one call runs one program, without a shell.';
const RESERVED = new Set('if then else elif fi do done case esac while until for in function select time coproc'.split(' '));

/**
 * Splits a command string into words exactly as `dash -c` and `bash -c` both would, and refuses every text that makes either
 * of them do more than that: expansions, redirections, lists, comments, assignments, keywords, characters one cannot see.
 * Quotes ('…', "…") and the backslash are understood. No words at all is a valid answer.
 */
export function splitWords(text: string): WordsResult {
  if (text.length > COMMAND_LENGTH_MAX) {
    return refuse(
      text,
      COMMAND_LENGTH_MAX,
      `The command is longer than ${COMMAND_LENGTH_MAX} characters.`,
      'Write the data to a file in the guest first and name the file.',
    );
  }
  const words: string[] = [];
  let at = 0;
  while (at < text.length) {
    if (text[at] === ' ') {
      at += 1;
      continue;
    }
    const word = readWord(text, at);
    if ('ok' in word) return word;
    if (words.length === 0) {
      const refusal = refuseAsCommandName(text, at, word);
      if (refusal !== undefined) return refusal;
    }
    words.push(word.value);
    at = word.end;
  }
  return { ok: true, words };
}

interface Word {
  readonly value: string;
  /** Index after the word. */
  readonly end: number;
  /** The word as written. */
  readonly written: string;
}

function readWord(text: string, start: number): Word | WordsRefused {
  let value = '';
  let at = start;
  while (at < text.length) {
    const character = characterAt(text, at);
    if (character === ' ') break;
    if (character === "'" || character === '"') {
      const part = character === "'" ? readSingle(text, at) : readDouble(text, at);
      if ('ok' in part) return part;
      value += part.value;
      at = part.end;
      continue;
    }
    if (isHidden(character)) return refuseInvisible(text, at);
    if (character === '\\') {
      const next = characterAt(text, at + 1);
      if (next === '') return refuse(text, at, 'The command ends in a backslash that escapes nothing.', "Remove it, or write it as '\\'.");
      if (isHidden(next)) return refuseInvisible(text, at + 1);
      value += next;
      at += 1 + next.length;
      continue;
    }
    const meaning = META[character];
    if (meaning !== undefined) return refuse(text, at, `The character ${character} at position ${at + 1} ${meaning}.`, QUOTE_IT);
    value += character;
    at += character.length;
  }
  return { value, end: at, written: text.slice(start, at) };
}

interface Part {
  readonly value: string;
  readonly end: number;
}

function readSingle(text: string, start: number): Part | WordsRefused {
  for (let at = start + 1; at < text.length; at += characterAt(text, at).length) {
    const character = characterAt(text, at);
    if (character === "'") return { value: text.slice(start + 1, at), end: at + 1 };
    if (isHidden(character)) return refuseInvisible(text, at);
  }
  return refuse(text, start, `The single quote at position ${start + 1} is never closed.`, 'Close it, or write the quote itself as "\'".');
}

function readDouble(text: string, start: number): Part | WordsRefused {
  let value = '';
  let at = start + 1;
  while (at < text.length) {
    const character = characterAt(text, at);
    if (character === '"') return { value, end: at + 1 };
    if (isHidden(character)) return refuseInvisible(text, at);
    if (character === '$' || character === '`' || character === '!') {
      return refuse(
        text,
        at,
        `The character ${character} at position ${at + 1} is read by a shell even in double quotes.`,
        'Use single quotes.',
      );
    }
    if (character === '\\' && '$`"\\'.includes(text[at + 1] ?? ' ')) {
      value += text[at + 1];
      at += 2;
      continue;
    }
    value += character;
    at += character.length;
  }
  return refuse(text, start, `The double quote at position ${start + 1} is never closed.`, "Close it, or write the quote itself as '\"'.");
}

/** The first word has meanings of its own: keywords, assignments in front, job numbers, quick history substitution. */
function refuseAsCommandName(text: string, at: number, word: Word): WordsRefused | undefined {
  const { written, value } = word;
  if (RESERVED.has(written))
    return refuse(text, at, `The word ${written} at position ${at + 1} is a keyword of the shell.`, 'Start with the name of a program.');
  if (/^[A-Za-z_][A-Za-z0-9_]*\+?=/.test(written)) {
    return refuse(
      text,
      at,
      `The first word, at position ${at + 1}, is an assignment of a variable.`,
      'Start with the name of a program; variables cannot be set here.',
    );
  }
  if (written.startsWith('%') || written.startsWith('^')) {
    return refuse(
      text,
      at,
      `The character ${written[0]} at position ${at + 1} names a job or a line of the history.`,
      'Start with the name of a program.',
    );
  }
  if (/^[-+]/.test(value))
    return refuse(
      text,
      at,
      `The first word, at position ${at + 1}, starts with - or + and would be read as an option.`,
      'Start with the name of a program.',
    );
  if (value === '') return refuse(text, at, 'The name of the program is empty.', 'Start with the name of a program.');
  return undefined;
}

function isHidden(character: string): boolean {
  return holdsInvisible(character) || holdsFalseSpace(character);
}

function characterAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? '' : String.fromCodePoint(code);
}

function refuseInvisible(text: string, at: number): WordsRefused {
  const code = (text.codePointAt(at) ?? 0).toString(16).toUpperCase().padStart(4, '0');
  const name = code === '000A' ? 'A line break' : code === '0009' ? 'A tab' : 'A character that cannot be seen';
  return refuse(
    text,
    at,
    `${name} (U+${code}) stands at position ${at + 1}.`,
    'Remove it; words are separated by spaces, and one call runs one program.',
  );
}

function refuse(text: string, position: number, message: string, hint: string): WordsRefused {
  const character = characterAt(text, position);
  const visible = isHidden(character) ? `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}` : character;
  return { ok: false, position, character: visible, message, hint };
}
