import { expect, test } from 'vitest';
import { createLanes } from '../../src/domain/lanes.ts';

/** Work that ends when it is told to, and notes when it began. */
function someWork() {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const work = (name: string) => (): Promise<string> => {
    begun.push(name);
    return new Promise((resolve) => ends.set(name, () => resolve(name)));
  };
  return { begun, work, end: (name: string) => ends.get(name)?.() };
}

test('under one key only so many run at once, the others in the order of coming, and other keys do not wait', async () => {
  const lanes = createLanes(2);
  const { begun, work, end } = someWork();
  const first = ['a', 'b', 'c', 'd'].map((name) => lanes('pve1', work(name)));
  const other = lanes('pve2', work('e'));
  expect(begun).toEqual(['a', 'b', 'e']);
  end('b');
  await first[1];
  await Promise.resolve();
  expect(begun).toEqual(['a', 'b', 'e', 'c']);
  for (const name of ['a', 'c', 'e']) end(name);
  await Promise.all([first[0], first[2], other]);
  await Promise.resolve();
  end('d');
  expect(await first[3]).toBe('d');
});

test('work that fails makes room for the next', async () => {
  const lanes = createLanes(1);
  const failing = lanes('pve1', () => Promise.reject(new Error('no')));
  const next = lanes('pve1', () => Promise.resolve('done'));
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('done');
});

test('who waits no longer gives its turn away', async () => {
  const lanes = createLanes(1);
  const { begun, work, end } = someWork();
  const impatient = new AbortController();
  const first = lanes('pve1', work('a'));
  const second = lanes('pve1', work('b'), impatient.signal);
  const third = lanes('pve1', work('c'));
  impatient.abort(new Error('too long'));
  await expect(second).rejects.toThrow('too long');
  end('a');
  await first;
  await Promise.resolve();
  end('c');
  await third;
  expect(begun).toEqual(['a', 'c']);
});
