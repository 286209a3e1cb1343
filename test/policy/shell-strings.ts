/** A small seeded generator of numbers in [0, 1). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const PLAIN = [
  'a',
  'b1',
  'Zz',
  '-x',
  '--long=v',
  '/etc/x',
  '.',
  '..',
  ':',
  ',',
  '+',
  '@',
  '%',
  '%s',
  '=',
  'A=b',
  '^',
  '_',
  '-',
  '0',
  'é',
  'ß',
  '日',
  '😀',
  'à',
  'ÿ',
  // Bytes 0x81 to 0x88 are dash's own marks.
  'ÁÂÃÄ',
  'ÆÇÈ',
  'if',
  'do',
  'x=y',
  '5',
];
const QUOTED = [
  "'a b'",
  "''",
  '""',
  '"a b"',
  "'$x'",
  "';'",
  '"\\$"',
  '"\\`"',
  '"\\""',
  '"\\\\"',
  '"\\n"',
  '"\\a"',
  "'\\'",
  "'\"'",
  '"\'"',
  "'*'",
  '"*"',
  '"~"',
  '"#"',
  "'!'",
  '"{a,b}"',
  "'é à'",
  '"日"',
  '";|&<>()"',
];
const ESCAPED = [
  '\\ ',
  '\\a',
  '\\\\',
  "\\'",
  '\\"',
  '\\$',
  '\\;',
  '\\*',
  '\\~',
  '\\#',
  '\\{',
  '\\!',
  '\\n',
  '\\é',
  '\\Á',
  '\\È',
  '\\日',
  '\\&',
  '\\|',
  '\\=',
];
const DANGER = [
  ';',
  '|',
  '&',
  '$',
  '`',
  '<',
  '>',
  '(',
  ')',
  '{',
  '}',
  '~',
  '*',
  '?',
  '[',
  ']',
  '!',
  '#',
  '\n',
  '\t',
  '\r',
  '\u0001',
  '\u007f',
  '\u00a0',
  "'",
  '"',
  '\\',
  '$x',
  '$(id)',
  '{a,b}',
  '~root',
  '\u0085',
  '\u2003',
];

/** A string that looks like a command: mostly words and quotes, now and then something a shell would act on. */
export function shellString(random: () => number): string {
  const pick = (from: readonly string[]) => from[Math.floor(random() * from.length)] ?? '';
  const pieces = 1 + Math.floor(random() * 9);
  const danger = random() < 0.3 ? 0.15 : 0;
  let text = '';
  for (let piece = 0; piece < pieces; piece += 1) {
    const kind = random();
    if (kind < danger) text += pick(DANGER);
    else if (danger > 0 && kind > 0.9) text += String.fromCharCode(0x20 + Math.floor(random() * 95));
    else if (kind < 0.3) text += ' ';
    else if (kind < 0.55) text += pick(QUOTED);
    else if (kind < 0.7) text += pick(ESCAPED);
    else text += pick(PLAIN);
  }
  return text;
}
