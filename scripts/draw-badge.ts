const HEIGHT = 26;
const LETTER_WIDTH = 7.2;
const MARGIN = 12;

/** A button as an SVG picture, for pages that link with one. */
export function drawBadge(text: string, colour: string): string {
  const width = Math.round(text.length * LETTER_WIDTH + 2 * MARGIN);
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${HEIGHT}" viewBox="0 0 ${width} ${HEIGHT}" role="img" aria-label="${text}">
<rect width="${width}" height="${HEIGHT}" rx="5" fill="${colour}"/>
<text x="${width / 2}" y="17.5" text-anchor="middle" textLength="${width - 2 * MARGIN}" font-family="system-ui,-apple-system,'Segoe UI',sans-serif" font-size="13" font-weight="600" fill="#fff">${text}</text>
</svg>
`;
}
