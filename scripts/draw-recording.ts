/** Lines that appeared at one moment. */
export interface Frame {
  /** Since the program was started. */
  readonly atSeconds: number;
  readonly lines: readonly string[];
}

const ROWS = 30;
const COLUMNS = 112;
const ROW_HEIGHT = 18;
const LETTER_WIDTH = 7.83;
const MARGIN = 14;
const BAR = 34;
/** The end stays to be read before the recording begins anew. */
const REST_SECONDS = 6;

/** Shell comments, calls and bars stand out; the rest is plain. */
const STYLES: readonly (readonly [RegExp, string])[] = [
  [/^\$ /, 'p'],
  [/^\d+\. /, 't'],
  [/^ {2}> /, 'c'],
  [/^ {4}\[[#-]+\]/, 'b'],
  [/: completed|The tour is complete/, 'g'],
  [/: failed|Hint:|Effect:/, 'w'],
];

/**
 * A terminal as an SVG picture that plays by itself: the lines of a program, scrolled as they appeared. Bars that were drawn over one
 * another are shown as one line that grows.
 */
export function drawRecording(command: string, frames: readonly Frame[]): string {
  const rows: string[] = [`$ ${command}`];
  const views: { at: number; shown: number }[] = [{ at: 0, shown: 1 }];
  for (const { atSeconds, lines } of frames) {
    rows.push(...lines.flatMap(wrap));
    views.push({ at: atSeconds, shown: rows.length });
  }
  const total = (views.at(-1)?.at ?? 0) + REST_SECONDS;
  const steps = views.map(
    ({ at, shown }) => `${((at / total) * 100).toFixed(2)}%{transform:translateY(${(ROWS - Math.max(shown, 0)) * ROW_HEIGHT}px)}`,
  );
  const width = Math.ceil(COLUMNS * LETTER_WIDTH + 2 * MARGIN);
  const height = ROWS * ROW_HEIGHT + BAR + MARGIN;
  const texts = rows.map((row, index) => (row === '' ? '' : `<text y="${(index + 1) * ROW_HEIGHT}"${classOf(row)}>${escape(row)}</text>`));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A recording of ${escape(command)}">
<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:#d5dae3;white-space:pre}
.p{fill:#fff}.t{fill:#ffb86b;font-weight:bold}.c{fill:#7cc7ff}.b{fill:#9aa5b8}.g{fill:#8fe388}.w{fill:#ff9d9d}
.s{animation:s ${total.toFixed(1)}s step-end infinite}
@keyframes s{${steps.join('')}}
</style>
<rect width="${width}" height="${height}" rx="8" fill="#151a23"/>
<circle cx="18" cy="17" r="5" fill="#ff5f57"/><circle cx="36" cy="17" r="5" fill="#febc2e"/><circle cx="54" cy="17" r="5" fill="#28c840"/>
<svg x="${MARGIN}" y="${BAR}" width="${width - 2 * MARGIN}" height="${ROWS * ROW_HEIGHT + 6}"><g class="s">
${texts.filter((text) => text !== '').join('\n')}
</g></svg>
</svg>
`;
}

function wrap(line: string): readonly string[] {
  const shown = line.trimEnd();
  return shown.length <= COLUMNS ? [shown] : (shown.match(new RegExp(`.{1,${COLUMNS}}`, 'gu')) ?? []);
}

function classOf(row: string): string {
  const style = STYLES.find(([pattern]) => pattern.test(row))?.[1];
  return style === undefined ? '' : ` class="${style}"`;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
