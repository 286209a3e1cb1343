/** A number source with a seed, so that a failure can be repeated. */
export type Random = () => number;

/** @see Mulberry32 */
export function createRandom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

const PIECES = [
  '/',
  '//',
  '..',
  '.',
  '../',
  '/../',
  '..%2f',
  '%2e%2e/',
  '%2F',
  '%2f..%2f',
  '%252f',
  '%00',
  '%0a',
  '%',
  '\\',
  '\\..\\',
  '?',
  '?a=b',
  '#',
  '#x',
  ';',
  '&',
  '=',
  '+',
  ',',
  ':',
  '@',
  '|',
  '`id`',
  '$(id)',
  "'",
  '"',
  '\0',
  '\n',
  '\r\n',
  '\t',
  '\u007f',
  '\u2028',
  '\u202e',
  '\u2215',
  '\uff0f',
  '\uff0e\uff0e',
  '\u0661\u0660\u0660',
  'é',
  '😀',
  '\ud800',
  'status/stop',
  'qemu/100',
  'lxc/200',
  '/nodes/pve1/qemu/100',
  'config',
  'snapshot',
  'current',
  'storage/local',
  'content',
  'access/users',
  'cluster',
  'version',
  'local:',
  'local:iso/',
  'local:../',
  'backup/',
  'iso/../../x',
  'http://127.0.0.1/',
  '//evil.example.org',
  'file:///etc/passwd',
  '100',
  '0',
  '-1',
  '1e3',
  '0x64',
  '00100',
  ' 100',
  '100 ',
  '999999999999',
  'NaN',
  'null',
  'true',
  '{}',
  '[]',
  '__proto__',
  'constructor',
  '{vmid}',
  '{node}',
  '~',
  '*',
  '_',
  '-',
  'a',
  'Z9',
] as const;

/** A string that was made to leave its place: pieces around and inside of a proper value. */
export function hostileString(random: Random, proper: string): string {
  const kind = random();
  const piece = (): string => pick(random, PIECES);
  if (kind < 0.3) return proper + piece() + (random() < 0.5 ? piece() : '');
  if (kind < 0.45) return piece() + proper;
  if (kind < 0.65) {
    const cut = Math.floor(random() * (proper.length + 1));
    return proper.slice(0, cut) + piece() + proper.slice(cut);
  }
  if (kind < 0.7) return encodeURIComponent((proper + piece() + piece()).toWellFormed());
  if (kind < 0.72) return proper.padEnd(10 + Math.floor(random() * 5000), piece());
  let text = '';
  for (let left = 1 + Math.floor(random() * 6); left > 0; left -= 1) text += piece();
  return text;
}

/** The same for a value of any form: strings inside of lists and objects too, sometimes another type. */
export function hostileValue(random: Random, proper: unknown): unknown {
  if (random() < 0.03) return pick(random, [null, true, -1, 0, 1.5, 2 ** 53, Number.MAX_VALUE, [], [['x']], { toString: 'x' }]);
  if (Array.isArray(proper) && proper.length > 0) {
    const at = Math.floor(random() * proper.length);
    return proper.map((item, index) => (index === at ? hostileValue(random, item) : (item as unknown)));
  }
  if (typeof proper === 'object' && proper !== null && Object.keys(proper).length > 0) {
    const at = pick(random, Object.keys(proper));
    return { ...proper, [at]: hostileValue(random, (proper as Record<string, unknown>)[at]) };
  }
  return hostileString(random, String(proper ?? ''));
}
