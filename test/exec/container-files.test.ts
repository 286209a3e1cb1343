import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OperationError } from '../../src/domain/operation-error.ts';
import { parseAuthorizedKeys } from '../../src/exec/authorized-key.ts';
import type { CommandOutput } from '../../src/exec/command-output.ts';
import type { ContainerScript } from '../../src/exec/container-script.ts';
import type { KeysResult } from '../../src/exec/container-ssh-keys.ts';
import { readKeysResult, updateKeysCommand } from '../../src/exec/container-ssh-keys.ts';
import { createNodeShell } from '../../src/exec/node-shell.ts';
import type { NodeShell } from '../../src/exec/node-shell.ts';
import { readFileCommand, readFileResult } from '../../src/exec/read-guest-file.ts';
import type { FileToWrite, WrittenFile } from '../../src/exec/write-guest-file.ts';
import { writeFileCommand, writeFileResult } from '../../src/exec/write-guest-file.ts';
import { requireProgram } from './install-package.ts';
import { eventually, startOpenSsh } from './openssh.ts';
import type { OpenSsh } from './openssh.ts';

let openssh: OpenSsh;
let shell: NodeShell;
let home: string;
let count = 0;
vi.setConfig({ testTimeout: 20_000 });
beforeAll(async () => {
  openssh = await startOpenSsh();
  shell = createNodeShell(openssh.settings());
}, 240_000);
afterAll(async () => {
  await shell.close();
  await openssh.stop();
});
function freshHome(): string {
  home = join(openssh.folder, `home ${(count += 1)} 'quoted'`);
  mkdirSync(home);
  return home;
}
const run = (script: ContainerScript): Promise<CommandOutput> =>
  shell.runInContainer({ node: 'pve1', vmid: 101, timeoutSeconds: 20, maxOutputBytes: 4_000_000, ...script });
const modeOf = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
const caught = async (call: () => unknown): Promise<OperationError> => {
  try {
    await call();
  } catch (error) {
    if (error instanceof OperationError) return error;
    throw error;
  }
  return expect.fail('it succeeded');
};

describe('SSH keys in a container', () => {
  const update = async (text: string, mode: 'append' | 'replace'): Promise<KeysResult> =>
    readKeysResult(await run(updateKeysCommand(parseAuthorizedKeys(text), mode, home)));
  const file = (): string => join(home, '.ssh/authorized_keys');
  const newKey = (): string => openssh.createKey('ed25519').publicLine;

  test('are added with the rights that sshd wants', async () => {
    freshHome();
    const key = newKey();
    expect(await update(key, 'append')).toEqual({ added: 1, present: 0, total: 1 });
    expect(readFileSync(file(), 'utf8')).toBe(`${key}\n`);
    expect([modeOf(join(home, '.ssh')), modeOf(file())]).toEqual(['700', '600']);
    expect(readdirSync(join(home, '.ssh'))).toEqual(['authorized_keys']);
  });

  test('are not added twice, whatever stands around them', async () => {
    freshHome();
    const [one, two, three] = [newKey(), newKey(), newKey()];
    mkdirSync(join(home, '.ssh'));
    const before = `# old\nfrom="10.0.0.0/8",no-pty ${one}\n\n#${two}\n   \\back\\slash $(id)`;
    writeFileSync(file(), before, { mode: 0o644 });
    expect(await update([one, two, three, three].join('\n'), 'append')).toEqual({ added: 2, present: 1, total: 4 });
    expect(readFileSync(file(), 'utf8')).toBe(`${before}\n${two}\n${three}\n`);
    expect(await update([one, two, three].join('\n'), 'append')).toEqual({ added: 0, present: 3, total: 4 });
    expect(modeOf(file())).toBe('600');
  });

  test('take the place of all others on request', async () => {
    freshHome();
    const [one, two] = [newKey(), newKey()];
    await update(one, 'append');
    expect(await update(two, 'replace')).toEqual({ added: 1, present: 0, total: 1 });
    expect(readFileSync(file(), 'utf8')).toBe(`${two}\n`);
  });

  test('never become part of a script', async () => {
    freshHome();
    const [type, blob] = newKey().split(' ');
    const comment = `$(touch '${home}/owned') \`id\` ' " \\ %s`;
    await update(`${type} ${blob} ${comment}`, 'append');
    expect(readFileSync(file(), 'utf8')).toBe(`${type} ${blob} ${comment}\n`);
    expect(existsSync(join(home, 'owned'))).toBe(false);
  });

  test('stay as they are when the input is cut short', async () => {
    freshHome();
    await update(newKey(), 'append');
    const before = readFileSync(file(), 'utf8');
    const script = updateKeysCommand(parseAuthorizedKeys([newKey(), newKey()].join('\n')), 'replace', home);
    const output = await run({ ...script, stdin: script.stdin?.subarray(0, 100) ?? new Uint8Array() });
    expect((await caught(() => readKeysResult(output))).effect).toBe('none');
    expect(readFileSync(file(), 'utf8')).toBe(before);
    expect(readdirSync(join(home, '.ssh'))).toEqual(['authorized_keys']);
  });

  test('of all types in use are accepted', () => {
    const text = (['ed25519', 'rsa', 'ecdsa'] as const).map((type) => openssh.createKey(type).publicLine).join('\r\n');
    expect(parseAuthorizedKeys(`# mine\n\n${text}\n`).map((key) => key.type)).toEqual(['ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256']);
  });

  test.each([
    ['nothing', () => ''],
    ['text that is no key', () => 'x'],
    ['a key that is cut short', () => newKey().split(' ')[1]?.slice(0, -8) ?? ''],
    ['the example of a lazy person', () => 'ssh-ed25519 AAA'],
    ['another type than the key says', () => newKey().replace('ssh-ed25519', 'ssh-rsa')],
    ['options before the key', () => `command="sh" ${newKey()}`],
    ['a control character in the comment', () => `${newKey()}\u001b[2K`],
    [
      'bytes after the key',
      () => {
        const [type, blob = ''] = newKey().split(' ');
        return `${type} ${Buffer.concat([Buffer.from(blob, 'base64'), Buffer.from('xx')]).toString('base64')}`;
      },
    ],
    ['a private key', () => readFileSync(openssh.clientKey.file, 'utf8')],
  ])('are refused for %s, without repeating it', async (_what, text) => {
    const error = await caught(() => parseAuthorizedKeys(text()));
    expect(error).toMatchObject({ code: 'invalid_input', effect: 'none', details: { field: 'public_keys' } });
    expect(error.message).not.toContain('AAAA');
  });
});

describe('files in a container', () => {
  const write = async (file: FileToWrite): Promise<WrittenFile> => writeFileResult(await run(writeFileCommand(file)), file);
  const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

  test('are written and read byte for byte', async () => {
    const path = join(freshHome(), "a file; $(id) 'x'");
    const content = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, index) => index)), Buffer.alloc(2_000_000, '\n')]);
    expect(await write({ path, content })).toEqual({ sizeBytes: content.length, sha256: sha256(content) });
    expect(modeOf(path)).toBe('644');
    const file = readFileResult(await run(readFileCommand(path, 3_000_000)), path);
    expect(Buffer.from(file.content).equals(content)).toBe(true);
    expect(file).toMatchObject({ sizeBytes: content.length, truncated: false, sha256: sha256(content) });
    expect(readdirSync(home).length).toBe(1);
  });

  test('are read as far as asked for', async () => {
    const path = join(freshHome(), 'long');
    writeFileSync(path, 'abcdef');
    const file = readFileResult(await run(readFileCommand(path, 4)), path);
    expect(Buffer.from(file.content).toString()).toBe('abcd');
    expect(file).toMatchObject({ sizeBytes: 6, truncated: true, sha256: sha256(Buffer.from('abcd')) });
  });

  test('keep their mode unless another is given', async () => {
    const path = join(freshHome(), 'script');
    writeFileSync(path, 'a much longer text than the new one');
    chmodSync(path, 0o751);
    await write({ path, content: Buffer.from('new') });
    expect([readFileSync(path, 'utf8'), modeOf(path)]).toEqual(['new', '751']);
    await write({ path, content: new Uint8Array(), mode: '0600' });
    expect([readFileSync(path, 'utf8'), modeOf(path)]).toEqual(['', '600']);
  });

  test('are left alone when the content is cut short', async () => {
    const path = join(freshHome(), 'precious');
    writeFileSync(path, 'old');
    const file = { path, content: Buffer.from('a new text') };
    const output = await run({ ...writeFileCommand(file), stdin: Buffer.from('a new') });
    expect(await caught(() => writeFileResult(output, file))).toMatchObject({ code: 'proxmox_failed', effect: 'none' });
    expect([readFileSync(path, 'utf8'), readdirSync(home)]).toEqual(['old', ['precious']]);
  });

  test.each(['dash', 'bash', 'busybox'])('leave nothing half written when %s is ended in the middle', async (shell) => {
    requireProgram('/usr/bin/busybox', 'busybox');
    const path = join(freshHome(), 'secret');
    const { argv } = writeFileCommand({ path, content: Buffer.alloc(1000) });
    const [program, ...args] = shell === 'busybox' ? ['busybox', ...argv] : [shell, ...argv.slice(1)];
    const script = spawn(program ?? '', args, { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    script.stdin.write('half of it');
    await eventually(() => readdirSync(home).some((name) => statSync(join(home, name)).size > 0), 'it writes');
    process.kill(-(script.pid ?? 0), 'SIGTERM');
    await new Promise((resolve) => script.once('exit', resolve));
    expect(readdirSync(home)).toEqual([]);
  });

  test.each([
    ['a file that exists, when told not to replace it', 'conflict', () => ({ path: join(home, 'there'), ifExists: 'refuse' as const })],
    ['a folder', 'invalid_input', () => ({ path: join(home, 'folder') })],
    ['a link', 'invalid_input', () => ({ path: join(home, 'link') })],
    ['a file in a folder that does not exist', 'not_found', () => ({ path: join(home, 'absent/file') })],
    ['a path that is not absolute', 'invalid_input', () => ({ path: 'etc/passwd' })],
    ['a path with dots', 'invalid_input', () => ({ path: '/etc/../etc/passwd' })],
    ['a mode that is none', 'invalid_input', () => ({ path: join(home, 'x'), mode: 'u+s' })],
    ['too much', 'invalid_input', () => ({ path: join(home, 'x'), content: Buffer.alloc(17 * 1024 * 1024) })],
  ])('are not written over %s', async (_what, code, file) => {
    freshHome();
    writeFileSync(join(home, 'there'), 'old');
    mkdirSync(join(home, 'folder'));
    symlinkSync('there', join(home, 'link'));
    expect(await caught(() => write({ content: Buffer.from('new'), ...file() }))).toMatchObject({ code, effect: 'none' });
    expect([readFileSync(join(home, 'there'), 'utf8'), readdirSync(home)]).toEqual(['old', ['folder', 'link', 'there']]);
  });

  test.each([
    ['does not exist', 'absent', 'not_found'],
    ['is a folder', '.', 'invalid_input'],
  ])('that %s are not read', async (_what, name, code) => {
    const path = name === '.' ? freshHome() : join(freshHome(), name);
    expect(await caught(async () => readFileResult(await run(readFileCommand(path)), path))).toMatchObject({ code });
  });
});
