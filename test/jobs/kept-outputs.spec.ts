import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createKeptOutputs, type KeptBounds } from '../../src/jobs/kept-outputs.ts';

const DAY = 86_400_000;
const WIDE: KeptBounds = { files: 10, totalBytes: 10_000, ageMs: DAY };

describe('outputs kept beside the job store', () => {
  let parent: string;
  let folder: string;
  let now: number;
  const faults: unknown[] = [];
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'kept-outputs-'));
    folder = join(parent, 'outputs');
    now = Date.now();
    faults.length = 0;
  });
  afterEach(() => rmSync(parent, { recursive: true, force: true }));

  const outputs = (bounds = WIDE) =>
    createKeptOutputs({ folder, clock: { now: () => new Date(now) }, bounds, onFault: (error) => faults.push(error) });
  const read = (jobId: string, offset = 0, limit = 4096) => outputs().read(jobId, 'stdout', { offset, limit });
  /** As if it had been written so long ago. */
  const age = (name: string, ms: number) => utimesSync(join(folder, name), new Date(now - ms), new Date(now - ms));

  test('nothing is made before there is something to keep; then files and folder are for this user alone', async () => {
    const kept = outputs();
    expect(readdirSync(parent)).toEqual([]);
    expect(await kept.keep('j1', 'stdout', 'ä')).toBe(2);
    expect(readdirSync(folder)).toEqual(['j1.stdout.txt']);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(statSync(join(folder, 'j1.stdout.txt')).mode & 0o777).toBe(0o600);
  });

  test.each([4, 5, 6, 7])('parts of %i bytes end between characters, and together they are the whole', async (limit) => {
    const whole = 'aä€😀z😀';
    await outputs().keep('j1', 'stdout', whole);
    const parts: string[] = [];
    for (let offset: number | null = 0; offset !== null;) {
      const part = await read('j1', offset, limit);
      expect(part?.offset).toBe(offset);
      parts.push(part?.text ?? '');
      offset = part?.nextOffset ?? null;
    }
    expect(parts.join('')).toBe(whole);
    expect(parts.join('')).not.toContain('\ufffd');
  });

  test('a part that would begin within a character begins after it; beyond the end there is nothing', async () => {
    await outputs().keep('j1', 'stdout', '€x');
    expect(await read('j1', 1)).toEqual({ text: 'x', offset: 3, nextOffset: null, keptBytes: 4 });
    expect(await read('j1', 400)).toEqual({ text: '', offset: 400, nextOffset: null, keptBytes: 4 });
  });

  test('the streams of a job are kept apart, and another attempt takes the place of the one before', async () => {
    const kept = outputs();
    await kept.keep('j1', 'stdout', 'first');
    await kept.keep('j1', 'stderr', 'error');
    await kept.keep('j1', 'stdout', 'second');
    expect((await read('j1'))?.text).toBe('second');
    expect((await kept.read('j1', 'stderr', { offset: 0, limit: 10 }))?.text).toBe('error');
    expect(await read('j2')).toBeUndefined();
  });

  test('no more files, no more bytes and nothing older than the bounds: the oldest go first', async () => {
    const few = outputs({ ...WIDE, files: 2 });
    for (const [place, job] of ['j1', 'j2', 'j3'].entries()) {
      await few.keep(job, 'stdout', 'x');
      age(`${job}.stdout.txt`, (3 - place) * 1000);
    }
    expect(readdirSync(folder).toSorted()).toEqual(['j2.stdout.txt', 'j3.stdout.txt']);
    await outputs({ ...WIDE, totalBytes: 101 }).keep('j4', 'stdout', 'x'.repeat(100));
    expect(readdirSync(folder).toSorted()).toEqual(['j3.stdout.txt', 'j4.stdout.txt']);
    age('j4.stdout.txt', DAY + 1000);
    expect(await read('j4')).toBeUndefined();
    await outputs().keep('j5', 'stdout', 'x');
    expect(readdirSync(folder).toSorted()).toEqual(['j3.stdout.txt', 'j5.stdout.txt']);
  });

  test('what a crash left half written goes with the rest', async () => {
    await outputs().keep('j1', 'stdout', 'x');
    writeFileSync(join(folder, 'j0.stdout.txt.part'), 'half');
    age('j0.stdout.txt.part', DAY + 1000);
    expect(await read('j0')).toBeUndefined();
    await outputs().keep('j1', 'stdout', 'y');
    expect(readdirSync(folder)).toEqual(['j1.stdout.txt']);
  });

  test('what cannot be kept is said to be nothing, and does not throw', async () => {
    writeFileSync(folder, 'a file where the folder should be');
    expect(await outputs().keep('j1', 'stdout', 'x')).toBe(0);
    expect(faults).toHaveLength(1);
    expect(await read('j1')).toBeUndefined();
  });

  test('an id that is no name of a file is refused', async () => {
    expect(await outputs().keep('../j1', 'stdout', 'x')).toBe(0);
    expect(readdirSync(parent)).toEqual([]);
  });
});
