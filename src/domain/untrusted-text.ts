const PLAIN = /^[\w.@+/=-]{1,64}$/;
// Controls, zero-width and bidirectional characters, line separators, tags, lone surrogates, fillers and the variation selectors that no
// emoji needs: invisible, or able to reorder what is seen.
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|(?![\ufe0e\ufe0f])\p{Default_Ignorable_Code_Point}/gu;

/**
 * Text that somebody else wrote (a name, a note, a message of Proxmox) for a line of ours. A plain name stays as it is;
 * anything else becomes a JSON string on one line in which every invisible character can be seen. Bounded.
 */
export function showUntrusted(text: string, maxLength = 200): string {
  if (PLAIN.test(text)) return text;
  const bounded = text.length > maxLength ? `${text.slice(0, maxLength)}…` : text;
  return JSON.stringify(bounded).replace(INVISIBLE, (character) => {
    const codePoint = character.codePointAt(0) ?? 0;
    return codePoint > 0xffff ? `\\u{${codePoint.toString(16)}}` : `\\u${codePoint.toString(16).padStart(4, '0')}`;
  });
}

/** JSON for a text that people and models read: still JSON, with every invisible character written as an escape. */
export function showJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent) ?? 'null';
  // Line feeds are the layout of the JSON itself: inside strings they are escaped already.
  return text.replace(INVISIBLE, (character) =>
    character === '\n'
      ? character
      : [...Array(character.length).keys()].map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`).join(''),
  );
}
