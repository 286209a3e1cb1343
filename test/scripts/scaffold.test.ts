import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { scaffold } from '../../scripts/scaffold.ts';
import { registerOperation } from '../../src/dispatch/registered-operation.ts';
import type { Operation } from '../../src/operations/define.ts';

const catalog = readFileSync('src/operations/catalog.ts', 'utf8');

test('a new operation is one file that is complete, and one line in the catalogue', async () => {
  const begun = scaffold('snapshots', 'rename_snapshot', catalog);
  expect(begun.path).toBe('src/operations/snapshots/rename-snapshot.ts');
  expect(begun.catalog).toContain("import { renameSnapshot } from './snapshots/rename-snapshot.ts';\n");
  expect(begun.catalog).toMatch(/snapshots: \[[^\]]*rollbackSnapshot, renameSnapshot\]/);
  const folder = mkdtempSync(join(tmpdir(), 'scaffold-test-'));
  const file = join(folder, 'rename-snapshot.ts');
  const absolute = (path: string): string => pathToFileURL(resolve('src/operations/snapshots', path)).href;
  writeFileSync(
    file,
    begun.content.replaceAll(/from '(\.[^']+)'/g, (_all, path: string) => `from '${absolute(path)}'`),
  );
  const { renameSnapshot } = (await import(/* @vite-ignore */ pathToFileURL(file).href)) as { renameSnapshot: Operation };
  rmSync(folder, { recursive: true });
  expect(registerOperation(renameSnapshot, 'snapshots')).toMatchObject({ operation: { name: 'rename_snapshot', risk: 'change' } });
});

test('a title writes VM and ISO as everywhere', () => {
  const { content } = scaffold('vms', 'suspend_vm', catalog);
  expect(content).toContain("title: 'Suspend VM'");
  expect(content).toContain('summary: ({ vmid }) => `Suspend VM ${vmid}`');
});

test('an operation on containers begins with a container', () => {
  expect(scaffold('containers', 'freeze_container', catalog).content).toContain('await pve.container(input)');
});

test('what is no name, no toolset or there already is refused', () => {
  expect(() => scaffold('vms', 'SuspendVm', catalog)).toThrow('verb_object');
  expect(() => scaffold('vmz', 'suspend_vm', catalog)).toThrow('no toolset vmz; there are cluster, jobs, vms');
  expect(() => scaffold('vms', 'start_vm', catalog)).toThrow('already');
});
