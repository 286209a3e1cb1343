import { execFile } from 'node:child_process';
import { chmodSync, existsSync, globSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProgram } from '../../src/app/create-program.ts';
import { readFlags } from '../../src/cli/read-flags.ts';
import { ERROR_CLASSES } from '../../src/domain/operation-error.ts';
import { startCommandLine, type CommandLine } from './run.ts';

const run = promisify(execFile);
const pages = ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', ...globSync('docs/**/*.md')];
const { commands } = createProgram();

/** The shell lines of a page. */
function shellOf(path: string): readonly string[] {
  return [...readFileSync(path, 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text = '']) => text);
}

describe('scenarios', () => {
  let line: CommandLine;
  let bin: string;
  beforeAll(async () => {
    line = await startCommandLine();
    line.sim.cluster.containerTemplate('debian-13-standard_13.1-2_amd64.tar.zst');
    line.sim.cluster.remoteFile('https://images.example.org/installer.iso', { size: 4 * 1024 * 1024 });
    bin = join(line.folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'proxmox-mcp-plus'), `#!/bin/sh\nexec ${process.execPath} ${join(process.cwd(), 'src/main.ts')} "$@"\n`);
    chmodSync(join(bin, 'proxmox-mcp-plus'), 0o755);
    symlinkSync(process.execPath, join(bin, 'node'));
  });
  afterAll(() => line[Symbol.asyncDispose]());

  test.each(globSync('docs/scenarios/*.md'))('%s runs as it is written', { timeout: 60_000 }, async (path) => {
    const script = `set -eu\n${shellOf(path).join('\n')}`;
    const env = {
      ...process.env,
      ...line.environment,
      PATH: `${bin}${delimiter}${dirname(process.execPath)}${delimiter}${process.env['PATH'] ?? ''}`,
    };
    const before = line.sim.cluster.guests().map(({ vmid }) => vmid);
    await run('bash', ['-c', script], { env, timeout: 60_000 });
    expect(line.sim.cluster.guests().map(({ vmid }) => vmid)).toEqual(before);
  });
});

test.each(pages.filter((path) => shellOf(path).some((text) => text.includes('proxmox-mcp-plus '))))(
  '%s shows only commands and flags that exist',
  (path) => {
    for (const text of shellOf(path).flatMap((block) => block.split('\n'))) {
      const [, words] = /^(?:npx -y )?proxmox-mcp-plus (.*)$/.exec(text) ?? [];
      if (words === undefined) continue;
      const argv = [...words.replace(/\s+(?:#|[<>|]).*$/, '').matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
        ([, a, b, c]) => a ?? b ?? c ?? '',
      );
      const command = commands
        .filter(({ name }) => name !== '' && argv.slice(0, name.split(' ').length).join(' ') === name)
        .toSorted((a, b) => b.name.length - a.name.length)[0];
      expect(command, text).toBeDefined();
      if (command) readFlags(command, argv.slice(command.name.split(' ').length));
    }
  },
);

/** The anchors of a page: its headings, spelt as GitHub spells them. */
function anchorsOf(path: string): readonly string[] {
  return [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

test.each(pages)('%s links to what is there', (path) => {
  for (const [link, file, anchor] of readFileSync(path, 'utf8').matchAll(/\]\((?!https?:|vscode:|cursor:)([^)#]*)(?:#([^)]*))?\)/g)) {
    const target = file ? join(dirname(path), file) : path;
    expect(existsSync(target), link).toBe(true);
    if (anchor !== undefined) expect(anchorsOf(target), link).toContain(anchor);
  }
});

test('troubleshooting says what to do about every error code', () => {
  const text = readFileSync('docs/troubleshooting.md', 'utf8');
  for (const code of Object.keys(ERROR_CLASSES)) expect(text).toContain(`### \`${code}\``);
});

test('the operator guide lists every exit code', () => {
  const text = readFileSync('docs/operator-guide.md', 'utf8');
  for (const { exitCode } of Object.values(ERROR_CLASSES)) expect(text).toMatch(new RegExp(`^\\| ${exitCode} \\|`, 'm'));
});

test.each(pages)('%s names only scripts that exist', (path) => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8')) as { scripts: Readonly<Record<string, string>> };
  const text = readFileSync(path, 'utf8');
  for (const [, name = ''] of text.matchAll(/npm run ([\w:]+)/g)) expect(scripts).toHaveProperty([name]);
  for (const [, file = ''] of text.matchAll(/node (scripts\/[\w-]+\.ts)/g)) expect(existsSync(file), file).toBe(true);
});

test('nothing in the pages names what a toolset is not', () => {
  const text = readFileSync('docs/tool-selection.md', 'utf8');
  const toolsets = commands.find(({ name }) => name === 'permissions')?.flags?.['toolset']?.choices ?? [];
  for (const toolset of toolsets) expect(text).toContain(`| \`${toolset}\` |`);
});
