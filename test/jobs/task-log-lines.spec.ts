import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readProgressLine, warningOf } from '../../src/jobs/task-log-lines.ts';

const LOGS = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'task-logs.json'), 'utf8')) as Record<string, readonly string[]>;

/** The percentages a log goes through, each once. */
function course(lines: readonly string[]): (number | null)[] {
  const seen: (number | null)[] = [];
  let percent: number | null = null;
  for (const line of lines) {
    percent = readProgressLine(percent, line);
    if (percent !== seen.at(-1)) seen.push(percent);
  }
  return seen;
}

function recorded(name: string): (number | null)[] {
  const lines = LOGS[name];
  if (!lines) throw new Error(`no log ${name}`);
  return course(lines);
}

test('reads the percentages of a VM backup', () => {
  expect(recorded('vzdump-qemu-running').slice(0, 5)).toEqual([null, 4, 8, 11, 15]);
  expect(recorded('vzdump-qemu-running').at(-1)).toBe(99);
});

test('reads the percentages of a VM restore', () => {
  const percentages = recorded('restore-qemu-new');
  expect(percentages.slice(0, 4)).toEqual([null, 1, 2, 3]);
  expect(percentages.at(-1)).toBe(99);
});

test('reads the percentages of an import by qemu-img', () => {
  expect(recorded('qemu-create').slice(0, 4)).toEqual([null, 0, 2, 3]);
});

test('reads the percentages of mirrored disks, of old and new releases', () => {
  expect(recorded('qemu-clone-full-running')).toEqual([null, 10, 99]);
  expect(recorded('qemu-move-disk-online').at(-1)).toBe(99);
  expect(course(['drive-scsi0: transferred 1.0 GiB of 4.0 GiB (25.00%) in 3s'])).toEqual([25]);
  expect(course(['2026-11-22 08:00:00 scsi0: transferred 3.0 GiB of 4.0 GiB (75.00%) in 9s'])).toEqual([75]);
});

test('reads the percentages of a download', () => {
  expect(recorded('download-url-progress')).toEqual([null, 79, 99]);
  expect(recorded('download-url-vztmpl')).toEqual([null, 99]);
});

test('reads how far the memory of a migrating VM has come', () => {
  expect(course(['2026-11-22 08:00:00 migration active, transferred 1.0 GiB of 4.0 GiB VM-state, 120.3 MiB/s'])).toEqual([25]);
});

test('says nothing where Proxmox says nothing', () => {
  for (const name of ['lxc-clone-full', 'qemu-start', 'vzdump-lxc-running-snapshot']) expect(recorded(name)).toEqual([null]);
});

test('never counts a running task as done', () => {
  for (const lines of Object.values(LOGS)) for (const percent of course(lines)) expect(percent ?? 0).toBeLessThan(100);
});

test('reads warnings and nothing else as warnings', () => {
  expect((LOGS['bulk-start'] ?? []).map(warningOf).filter((warning) => warning !== null)).toEqual(['500 CT 201 already running']);
  expect(warningOf('TASK WARNINGS: 1')).toBeNull();
});

test('stays quick on lines made to slow it down', () => {
  const nasty = `INFO: ${' '.repeat(50_000)}1% (1 B of 1 B) in ${'9, read: '.repeat(5000)}`;
  const started = performance.now();
  readProgressLine(null, nasty);
  readProgressLine(null, `${' '.repeat(50_000)}0K${' .'.repeat(50_000)}`);
  expect(performance.now() - started).toBeLessThan(500);
});
