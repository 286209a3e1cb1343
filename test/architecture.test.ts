import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** Who may import whom. To change a row, change docs/architecture.md with it and say why in docs/decisions/. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  simulator: [],
  proxmox: ['domain'],
  exec: ['domain'],
  policy: ['domain'],
  jobs: ['domain'],
  operations: ['domain', 'proxmox', 'exec', 'jobs'],
  dispatch: ['domain', 'policy', 'jobs', 'operations'],
  mcp: ['domain', 'jobs', 'operations', 'dispatch'],
  http: ['domain', 'jobs', 'operations', 'dispatch'],
  cli: ['domain', 'jobs', 'operations', 'dispatch'],
  app: ['domain', 'proxmox', 'exec', 'policy', 'jobs', 'operations', 'dispatch', 'mcp', 'http', 'cli', 'simulator'],
};

const roomOf = (file: string): string => file.split('/')[1] ?? '';

/** `file -> file` for every relative import, type-only ones included. */
function imports(): readonly (readonly [from: string, to: string])[] {
  return globSync('src/*/**/*.ts').flatMap((file) =>
    [...readFileSync(file, 'utf8').matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map(
      ([, to = '']) => [file, normalize(join(dirname(file), to))] as const,
    ),
  );
}

test('every folder under src is a known room', () => {
  const unknown = globSync('src/*/**/*.ts').filter((file) => !Object.hasOwn(ROOMS, roomOf(file)));
  expect(unknown).toEqual([]);
});

test('rooms import only the rooms they may', () => {
  const forbidden = imports().filter(
    ([from, to]) => to.startsWith('src/') && roomOf(from) !== roomOf(to) && !ROOMS[roomOf(from)]?.includes(roomOf(to)),
  );
  expect(forbidden.map(([from, to]) => `${from} imports ${to}`)).toEqual([]);
});

test('no files import each other in a circle', () => {
  const next = Map.groupBy(imports(), ([from]) => from);
  const settled = new Set<string>();
  function circleFrom(file: string, way: readonly string[]): readonly string[] | undefined {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (settled.has(file)) return undefined;
    for (const [, to] of next.get(file) ?? []) {
      const circle = circleFrom(to, [...way, file]);
      if (circle) return circle;
    }
    settled.add(file);
    return undefined;
  }
  const circles = new Set([...next.keys()].flatMap((file) => circleFrom(file, [])?.join(' -> ') ?? []));
  expect([...circles]).toEqual([]);
});

test('no file is a drawer for odds and ends, and none grows past 250 lines', () => {
  const files = globSync('src/**/*.ts');
  expect(files.filter((file) => /\/(?:index|utils?|helpers?|common|managers?|services?)\.ts$/.test(file))).toEqual([]);
  expect(files.filter((file) => readFileSync(file, 'utf8').split('\n').length > 251)).toEqual([]);
});
