import { writeInvisible } from './invisible.ts';

/** Output of a program as text that can be shown: nothing in it is invisible or steers a terminal. */
export interface VisibleOutput {
  readonly text: string;
  /** True when the bytes given did not all find room. */
  readonly shortened: boolean;
  /** True when bytes were not UTF-8; each of them is shown as `\xNN`. */
  readonly invalidUtf8: boolean;
}

const LINE_BREAK = 0x0a;
const TAB = 0x09;
/** Length of the sequence that a first byte announces, its payload bits, and the smallest code point that may be written so. */
const SEQUENCES = [
  { mask: 0x80, lead: 0x00, length: 1, least: 0 },
  { mask: 0xe0, lead: 0xc0, length: 2, least: 0x80 },
  { mask: 0xf0, lead: 0xe0, length: 3, least: 0x800 },
  { mask: 0xf8, lead: 0xf0, length: 4, least: 0x1_0000 },
] as const;

/**
 * Reads bytes as UTF-8. Control characters become `\x1b`, other invisible ones `\u202e`, bytes that are no UTF-8 `\xff`; line
 * breaks (also CR LF) and tabs stay. Ends before the text would grow past `maxBytes` bytes of UTF-8. `isCut` says that the bytes
 * are the beginning of more, so that a character cut off at their end is left out and does not count as invalid.
 */
export function showOutput(bytes: Uint8Array, maxBytes: number, isCut = false): VisibleOutput {
  const parts: string[] = [];
  let room = maxBytes;
  let at = 0;
  let invalidUtf8 = false;
  while (at < bytes.length) {
    const plain = plainEnd(bytes, at, room);
    if (plain > at) {
      parts.push(Buffer.from(bytes.buffer, bytes.byteOffset + at, plain - at).toString('latin1'));
      room -= plain - at;
      at = plain;
      continue;
    }
    const { codePoint, length } = readCharacter(bytes, at);
    if (codePoint === null && isCut && isUnfinished(bytes, at)) break;
    const isCrLf = codePoint === 0x0d && bytes[at + 1] === LINE_BREAK;
    const shown = isCrLf ? '' : codePoint === null ? hexByte(bytes[at] ?? 0) : visible(codePoint);
    const size = Buffer.byteLength(shown);
    if (size > room) return { text: parts.join(''), shortened: true, invalidUtf8 };
    if (codePoint === null) invalidUtf8 = true;
    parts.push(shown);
    room -= size;
    at += length;
  }
  return { text: parts.join(''), shortened: false, invalidUtf8 };
}

/** Where the run of plain characters ends that begins at an index: letters and the like of one byte, which are shown as they are. */
function plainEnd(bytes: Uint8Array, at: number, room: number): number {
  const most = Math.min(bytes.length, at + room);
  let end = at;
  for (; end < most; end += 1) {
    const byte = bytes[end] ?? 0;
    if ((byte < 0x20 || byte > 0x7e) && byte !== LINE_BREAK && byte !== TAB) break;
  }
  return end;
}

function visible(codePoint: number): string {
  if (codePoint === LINE_BREAK || codePoint === TAB) return String.fromCodePoint(codePoint);
  if (codePoint < 0x20 || codePoint === 0x7f) return hexByte(codePoint);
  return writeInvisible(String.fromCodePoint(codePoint));
}

function hexByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** The character that begins at an index; null, of one byte, where none does. */
function readCharacter(bytes: Uint8Array, at: number): { readonly codePoint: number | null; readonly length: number } {
  const first = bytes[at] ?? 0;
  const sequence = SEQUENCES.find(({ mask, lead }) => (first & mask) === lead);
  if (!sequence) return { codePoint: null, length: 1 };
  let codePoint = first & ~sequence.mask;
  for (let index = 1; index < sequence.length; index += 1) {
    const next = bytes[at + index];
    if (next === undefined || (next & 0xc0) !== 0x80) return { codePoint: null, length: 1 };
    codePoint = (codePoint << 6) | (next & 0x3f);
  }
  const isSurrogate = codePoint >= 0xd800 && codePoint <= 0xdfff;
  if (codePoint < sequence.least || codePoint > 0x10_ffff || isSurrogate) return { codePoint: null, length: 1 };
  return { codePoint, length: sequence.length };
}

/** True when the bytes end in the middle of a character that begins at an index. */
function isUnfinished(bytes: Uint8Array, at: number): boolean {
  const first = bytes[at] ?? 0;
  const length = SEQUENCES.find(({ mask, lead }) => (first & mask) === lead)?.length ?? 0;
  return at + length > bytes.length && bytes.subarray(at + 1).every((byte) => (byte & 0xc0) === 0x80);
}
