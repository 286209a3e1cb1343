/** Splits at commas that stand outside (), [] and {} and are not escaped. */
export function splitOutsideBrackets(text: string): readonly string[] {
  const items: string[] = [];
  let item = '';
  let depth = 0;
  let inClass = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    if (character === '\\') {
      item += text.slice(at, at + 2);
      at += 1;
      continue;
    }
    if (inClass) inClass = character !== ']';
    else if (character === '[') inClass = true;
    else if (character === '(' || character === '{') depth += 1;
    else if (character === ')' || character === '}') depth = Math.max(0, depth - 1);
    else if (character === ',' && depth === 0) {
      items.push(item.trim());
      item = '';
      continue;
    }
    item += character;
  }
  return [...items, item.trim()].filter((part) => part !== '');
}
