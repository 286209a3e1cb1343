import { writeInvisible } from './invisible.ts';

const PLAIN = /^[\w.@+/=-]{1,64}$/;

/**
 * Text that somebody else wrote (a name, a note, a message of Proxmox) for a line of ours. A plain name stays as it is;
 * anything else becomes a JSON string on one line in which every invisible character can be seen. Bounded.
 */
export function showUntrusted(text: string, maxLength = 200): string {
  if (PLAIN.test(text)) return text;
  const bounded = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return writeInvisible(JSON.stringify(bounded));
}

/** JSON for a text that people and models read: still JSON, with every invisible character written as an escape. */
export function showJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent) ?? 'null';
  // Line feeds are the layout of the JSON itself: inside strings they are escaped already.
  return writeInvisible(text, (character) => (character === '\n' ? character : asJsonEscape(character)));
}

function asJsonEscape(character: string): string {
  const units = [...Array(character.length).keys()].map((index) => character.charCodeAt(index));
  return units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('');
}
