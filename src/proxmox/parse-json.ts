import { takeTurn } from './turns.ts';

/** Below this a parse takes a fraction of a millisecond and is done at once. */
const SHORT_CHARACTERS = 16 * 1024;
/** A parse of so much takes about a millisecond. */
const PIECE_CHARACTERS = 128 * 1024;
const HEAD = '{"data":[';
const BETWEEN_ROWS = '},{"';

/**
 * `JSON.parse` that lets others have the event loop while a long list is read: the rows of `{"data":[{...},{...}]}` are
 * parsed piece by piece. Text of any other form, and text whose pieces are not JSON each, is parsed whole.
 * @throws SyntaxError
 */
export async function parseJson(text: string): Promise<unknown> {
  if (text.length <= SHORT_CHARACTERS) return JSON.parse(text);
  await takeTurn('last');
  if (text.length <= PIECE_CHARACTERS || !text.startsWith(HEAD)) return JSON.parse(text);
  return (await parsePieces(text)) ?? JSON.parse(text);
}

/**
 * A cut may fall into a string or a nested list. Then the piece before it ends open and is no JSON; where every piece is
 * JSON by itself, all of them in a row are the list.
 */
async function parsePieces(text: string): Promise<object | undefined> {
  const end = text.lastIndexOf(']');
  const envelope = parseOr(`${HEAD}${text.slice(end)}`);
  if (typeof envelope !== 'object' || envelope === null || !('data' in envelope)) return undefined;
  const rows: unknown[] = [];
  for (let start = HEAD.length; start < end;) {
    const cut = text.indexOf(BETWEEN_ROWS, start + PIECE_CHARACTERS);
    const stop = cut === -1 || cut >= end ? end : cut + 1;
    const piece = parseOr(`[${text.slice(start, stop)}]`);
    if (!Array.isArray(piece)) return undefined;
    for (const row of piece) rows.push(row);
    start = stop + 1;
    await takeTurn('next');
  }
  return { ...envelope, data: rows };
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
