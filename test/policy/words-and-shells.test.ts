import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { canonicalCommand } from '../../src/policy/canonical-command.ts';
import { splitWords } from '../../src/domain/shell-words.ts';
import { randomFrom, shellString } from './shell-strings.ts';

/** 100,000 in the ordinary run, a million in `npm run test:fuzz`; POLICY_FUZZ_SEED for another seed. */
const STRINGS = Number(process.env['POLICY_FUZZ_STRINGS'] ?? 100_000);
const SEED = Number(process.env['POLICY_FUZZ_SEED'] ?? 20_261);
const BATCH = 25_000;
const SHELLS = [
  { name: 'dash', program: '/bin/dash', flags: [], locale: 'C.UTF-8' },
  { name: 'bash', program: '/bin/bash', flags: ['--norc', '--noprofile'], locale: 'C.UTF-8' },
  { name: 'bash without a locale', program: '/bin/bash', flags: ['--norc', '--noprofile'], locale: 'C' },
] as const;
const END = '\u0001';
let folder = '';

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'policy-words-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function accepted(count: number, seed: number): { text: string; words: readonly string[] }[] {
  const random = randomFrom(seed);
  const found: { text: string; words: readonly string[] }[] = [];
  for (let index = 0; index < count; index += 1) {
    const text = shellString(random);
    const result = splitWords(text);
    if (result.ok && result.words.length > 0) found.push({ text, words: result.words });
  }
  return found;
}

/** What a shell makes of each text as the arguments of a function. */
function argumentsSeenBy(shell: (typeof SHELLS)[number], texts: readonly string[]): string[][] {
  const script = join(folder, 'batch.sh');
  writeFileSync(
    script,
    `p() { [ $# -gt 0 ] && printf '%s\\0' "$@"; printf '\\001\\0'; }\n${texts.map((text) => `p ${text}`).join('\n')}\n`,
  );
  const run = spawnSync(shell.program, [...shell.flags, script], {
    stdio: ['ignore', 'pipe', 'pipe'],
    cwd: folder,
    env: { LC_ALL: shell.locale, PATH: '/nowhere' },
    maxBuffer: 1 << 29,
  });
  expect(run.stderr.toString()).toBe('');
  return records(run.stdout.toString());
}

function records(output: string): string[][] {
  const all: string[][] = [[]];
  for (const word of output.split('\0').slice(0, -1)) {
    if (word === END) all.push([]);
    else all.at(-1)?.push(word);
  }
  return all.slice(0, -1);
}

describe.each(SHELLS)('every accepted string means the same to $name', (shell) => {
  test(`as arguments, over ${STRINGS} strings`, { timeout: 600_000 }, () => {
    let compared = 0;
    for (let from = 0; from < STRINGS; from += BATCH) {
      const batch = accepted(Math.min(BATCH, STRINGS - from), SEED + from);
      const seen = argumentsSeenBy(
        shell,
        batch.map(({ text }) => text),
      );
      expect(seen.length).toBe(batch.length);
      const wrong = batch.findIndex(({ words }, index) => JSON.stringify(words) !== JSON.stringify(seen[index]));
      expect(wrong < 0 ? undefined : { ...batch[wrong], shell: seen[wrong] }).toBeUndefined();
      compared += batch.length;
    }
    expect(compared).toBeGreaterThan(STRINGS * 0.5);
  });

  test('as arguments, in canonical form', () => {
    const batch = accepted(5_000, SEED + 1);
    expect(
      argumentsSeenBy(
        shell,
        batch.map(({ words }) => canonicalCommand(words)),
      ),
    ).toEqual(batch.map(({ words }) => words));
  });

  test('as a whole command given to -c, its first word being the program', { timeout: 120_000 }, () => {
    const bin = mkdtempSync(join(folder, 'bin-'));
    const tell = join(folder, 'tell.sh');
    writeFileSync(tell, `#!/bin/sh\nprintf '%s\\0' "\${0##*/}" "$@"; printf '\\001\\0'\n`);
    chmodSync(tell, 0o755);
    const builtIns = new Set(['.', '..', ':', 'a/..']);
    const batch = accepted(6_000, SEED + 2)
      .filter(({ words: [program = ''] }) => !program.includes('/') && !builtIns.has(program) && Buffer.byteLength(program) < 200)
      .slice(0, 400);
    for (const program of new Set(batch.map(({ words }) => words[0] ?? ''))) symlinkSync(tell, join(bin, program));
    for (const { text, words } of batch) {
      const run = spawnSync(shell.program, [...shell.flags, '-c', text], {
        stdio: ['ignore', 'pipe', 'pipe'],
        cwd: folder,
        env: { LC_ALL: shell.locale, PATH: bin },
      });
      expect({ text, words: records(run.stdout.toString())[0], complaint: run.stderr.toString() }).toEqual({
        text,
        words,
        complaint: '',
      });
    }
  });
});
