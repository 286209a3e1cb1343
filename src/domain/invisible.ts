/**
 * What cannot be seen, or changes how the text around it is seen:
 * - Cc, the controls of C0 and C1, with escape, NUL, line breaks and tabs
 * - Cf, the formatting ones: bidirectional controls, zero-width spaces and joiners, soft hyphen, byte order mark, tags
 * - Cs, Co and Cn: half characters, private use, and what no version of Unicode that we know has assigned
 * - Zl and Zp, the separators of lines and paragraphs
 * - what a font is told to leave out: fillers, variation selectors, invisible operators, all of plane 14
 */
const UNSEEN = String.raw`[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]`;
const INVISIBLE = new RegExp(UNSEEN, 'u');
/** The two variation selectors that stand in ordinary emoji are let through: they choose between two looks and carry nothing. */
const INVISIBLE_IN_TEXT = new RegExp(String.raw`(?![\ufe0e\ufe0f])${UNSEEN}`, 'gu');
/** Blanks that look like a space and are none, the pattern of Braille without dots among them. */
const FALSE_SPACE = /(?! )[\p{Zs}\u2800]/u;

/** True for text in which something cannot be seen. For names of programs and words of commands, where nothing may hide. */
export function holdsInvisible(text: string): boolean {
  return INVISIBLE.test(text);
}

/** True for text with a blank in it that is not the space. Ordinary in prose (a no-break space), and never between words of a command. */
export function holdsFalseSpace(text: string): boolean {
  return FALSE_SPACE.test(text);
}

/** Text to be shown: what cannot be seen in it is written by `write`, as `\u202e` unless said otherwise. The look of emoji stays. */
export function writeInvisible(text: string, write: (character: string) => string = asCodePoint): string {
  return text.replace(INVISIBLE_IN_TEXT, write);
}

/** `\u202e`, `\u{e0148}` */
function asCodePoint(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  return codePoint > 0xffff ? `\\u{${codePoint.toString(16)}}` : `\\u${codePoint.toString(16).padStart(4, '0')}`;
}
