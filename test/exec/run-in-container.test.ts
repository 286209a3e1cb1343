import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OperationError } from '../../src/domain/operation-error.ts';
import type { CommandOutput } from '../../src/exec/command-output.ts';
import type { ContainerCommand } from '../../src/exec/container.ts';
import { createNodeShell } from '../../src/exec/node-shell.ts';
import type { NodeShell } from '../../src/exec/node-shell.ts';
import type { SshSettingsInput } from '../../src/exec/ssh-settings.ts';
import { eventually, startOpenSsh } from './openssh.ts';
import type { OpenSsh } from './openssh.ts';
import { processesWith } from './processes.ts';

let openssh: OpenSsh;
const shells = new Map<string, NodeShell>();

vi.setConfig({ testTimeout: 20_000 });
beforeAll(async () => {
  openssh = await startOpenSsh();
}, 240_000);
afterAll(async () => {
  await Promise.all([...shells.values()].map((shell) => shell.close()));
  await openssh.stop();
});

/** One shell for each kind of settings. */
function shellWith(settings: SshSettingsInput = {}): NodeShell {
  const key = JSON.stringify(settings);
  const shell = shells.get(key) ?? createNodeShell(openssh.settings(settings));
  shells.set(key, shell);
  return shell;
}

function run(argv: readonly string[], more: Partial<ContainerCommand> & { shell?: NodeShell } = {}): Promise<CommandOutput> {
  const { shell = shellWith(), ...command } = more;
  return shell.runInContainer({ node: 'pve1', vmid: 101, argv, timeoutSeconds: 20, ...command });
}

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');
const failure = (call: Promise<unknown>): Promise<OperationError> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: unknown) => (error instanceof OperationError ? error : Promise.reject(error)),
  );

describe.each([
  ['the built-in client', {}],
  ["the system's client", { preferSshClient: true }],
] as const)('with %s', (_name, settings) => {
  test('answers output, exit code and length of a command', async () => {
    const output = await run(['sh', '-c', 'printf out; printf err >&2; exit 3'], { shell: shellWith(settings) });
    expect({ ...output, stdout: text(output.stdout), stderr: text(output.stderr) }).toMatchObject({
      exitCode: 3,
      signal: null,
      timedOut: false,
      stdout: 'out',
      stderr: 'err',
      stdoutBytes: 3,
      stderrBytes: 3,
      stdoutTruncated: false,
      stderrTruncated: false,
    });
  });

  test.each([
    ['a program that does not exist', 101, ['no-such-program'], 127],
    ['a stopped container', 150, ['true'], 255],
    ['a container that does not exist', 404, ['true'], 2],
    ['a command that exits as ssh does for its own failures', 101, ['sh', '-c', 'exit 255'], 255],
  ])('passes on the exit code for %s', async (_what, vmid, argv, exitCode) => {
    expect(await run(argv, { vmid, shell: shellWith(settings) })).toMatchObject({ exitCode, signal: null });
  });

  test.each([
    ['KILL', 137],
    ['SEGV', 139],
    ['TERM', 143],
  ])('says by the exit code that the signal %s ended the command, and adds nothing to its output', async (signal, exitCode) => {
    const output = await run(['sh', '-c', `kill -${signal} $$`], { shell: shellWith(settings) });
    expect(output).toMatchObject({ exitCode, signal: null, timedOut: false, stdoutBytes: 0, stderrBytes: 0 });
  });

  test('hands over every argument byte for byte', async () => {
    const hostile = [
      '',
      ' ',
      "'",
      '"',
      "it's",
      '$(touch /tmp/owned)',
      '`id`',
      '$HOME',
      ';reboot',
      '| cat',
      '&& true',
      '\\',
      "\\'",
      '!!',
      '*',
      '?',
      '~',
      '{a,b}',
      '#',
      '\n',
      'a\nb',
      '\r\n',
      '\t',
      '--',
      '-n',
      '%s%n',
      '\u001b[31m',
      'Ünïcödé 漢字 🚀',
      "'; exec sh; '",
      "''''",
    ];
    const output = await run(['printf', '%s\\0', ...hostile], { shell: shellWith(settings) });
    expect(text(output.stdout).split('\0').slice(0, -1)).toEqual(hostile);
  });

  test('carries every byte of stdin to stdout', async () => {
    const bytes = Buffer.concat([
      Buffer.from(Array.from({ length: 256 }, (_, index) => index)),
      Buffer.alloc(300_000, 'x'),
      Buffer.from([0xff, 0xfe, 0]),
    ]);
    const output = await run(['cat'], { stdin: bytes, shell: shellWith(settings) });
    expect(Buffer.from(output.stdout).equals(bytes)).toBe(true);
    expect(output.stdoutSha256).toBe(createHash('sha256').update(bytes).digest('hex'));
  });

  test('gives a command without input an empty stdin and survives one that does not read it', async () => {
    expect(await run(['cat'], { shell: shellWith(settings) })).toMatchObject({ exitCode: 0, stdoutBytes: 0 });
    expect(await run(['true'], { stdin: Buffer.alloc(4_000_000), shell: shellWith(settings) })).toMatchObject({ exitCode: 0 });
  });

  test('ends a command whose time is over and leaves no process behind', async () => {
    const output = await run(['sh', '-c', 'echo begun; sleep 771.25 & wait'], { timeoutSeconds: 1, shell: shellWith(settings) });
    expect(output).toMatchObject({ timedOut: true, exitCode: 124 });
    expect(text(output.stdout)).toBe('begun\n');
    await eventually(() => processesWith('sleep\u0000771.25').length === 0, 'no process is left');
  });

  test('refuses a node that cannot be reached, and says that nothing was sent', async () => {
    const error = await failure(run(['true'], { shell: shellWith({ ...settings, port: 1 }) }));
    expect(error).toMatchObject({ code: 'proxmox_unreachable', effect: 'none', details: { reason: 'unreachable', sent: false } });
  });

  test('refuses a user whom the node does not let in', async () => {
    const error = await failure(run(['true'], { shell: shellWith({ ...settings, keyFile: openssh.createKey('ed25519').file }) }));
    expect(error).toMatchObject({ effect: 'none', details: { reason: 'authentication_failed', sent: false } });
  });
});

test.concurrent('answers when the command has ended although something it left holds its output open', async () => {
  const started = performance.now();
  const output = await run(['sh', '-c', 'echo first; sleep 9.137 & exit 4']);
  expect(output).toMatchObject({ exitCode: 4, timedOut: false });
  expect(text(output.stdout)).toBe('first\n');
  expect(performance.now() - started).toBeLessThan(5000);
});

test('keeps the beginning of 200 MB of output and counts and hashes the rest', async () => {
  const total = 200_000_000;
  const argv = ['sh', '-c', `printf begin; head -c ${total} /dev/zero; head -c 3000000 /dev/zero >&2`];
  const { stdout: told } = await promisify(execFile)(process.execPath, [
    fileURLToPath(new URL('run-and-weigh.ts', import.meta.url)),
    JSON.stringify(openssh.settings()),
    JSON.stringify({ argv }),
  ]);
  const { grownBytes, ...output } = JSON.parse(told) as CommandOutput & { grownBytes: number };
  const zeros = Buffer.alloc(1_000_000);
  const hash = createHash('sha256').update('begin');
  for (let left = total; left > 0; left -= zeros.length) hash.update(zeros);
  expect(output).toMatchObject({
    exitCode: 0,
    stdoutBytes: total + 5,
    stdoutTruncated: true,
    stdoutSha256: hash.digest('hex'),
    stderrBytes: 3_000_000,
    stderrTruncated: true,
    keptBytes: [1024 * 1024, 1024 * 1024],
    keptSha256: createHash('sha256')
      .update('begin')
      .update(Buffer.alloc(1024 * 1024 - 5))
      .digest('hex'),
  });
  expect(grownBytes).toBeLessThan(140_000_000);
}, 40_000);

test('runs 50 commands at once over no more than two connections', async () => {
  const shell = shellWith({ idleSeconds: 59 });
  const connectionsBefore = openssh.log().split('Accepted publickey').length;
  const outputs = await Promise.all(Array.from({ length: 50 }, (_, index) => run(['sh', '-c', `echo ${index}; sleep 0.05`], { shell })));
  expect(outputs.map((output) => text(output.stdout))).toEqual(Array.from({ length: 50 }, (_, index) => `${index}\n`));
  expect(openssh.log().split('Accepted publickey').length - connectionsBefore).toBe(2);
});

test('misses the end of none of 270 commands that end at once', async () => {
  const outputs = await Promise.all(Array.from({ length: 270 }, () => run(['true'])));
  expect(outputs.filter((output) => output.exitCode !== 0)).toEqual([]);
});

test('uses one connection again and closes it when it is idle', async () => {
  const shell = shellWith({ idleSeconds: 0.3 });
  const count = (what: string): number => openssh.log().split(what).length;
  const [accepted, gone] = [count('Accepted publickey'), count('Disconnected from user')];
  for (let index = 0; index < 5; index += 1) await run(['true'], { shell });
  expect(count('Accepted publickey') - accepted).toBe(1);
  await eventually(() => count('Disconnected from user') > gone, 'the connection is closed');
  expect(await run(['true'], { shell })).toMatchObject({ exitCode: 0 });
});

test.concurrent('lets go when the caller gives up, and says that the effect is unknown', async () => {
  const caller = new AbortController();
  const call = failure(run(['sleep', '772.5'], { timeoutSeconds: 900, signal: caller.signal }));
  await eventually(() => processesWith('sleep\u0000772.5').length > 0, 'the command runs');
  caller.abort();
  expect(await call).toMatchObject({ effect: 'unknown', details: { reason: 'aborted', sent: true } });
  await eventually(() => processesWith('sleep\u0000772.5').length === 0, 'the command is gone');
});

test('sends nothing for a caller who gave up before', async () => {
  const error = await failure(run(['true'], { signal: AbortSignal.abort() }));
  expect(error).toMatchObject({ effect: 'none', details: { reason: 'aborted', sent: false } });
});

test.concurrent('runs pct through sudo with the rule that allows nothing but pct exec', async () => {
  const output = await run(['sh', '-c', 'echo "$0"', 'through sudo'], { shell: shellWith({ useSudo: true }) });
  expect(text(output.stdout)).toBe('through sudo\n');
  expect(await run(['sleep', '773.5'], { timeoutSeconds: 1, shell: shellWith({ useSudo: true }) })).toMatchObject({
    timedOut: true,
    exitCode: 124,
  });
  await eventually(() => processesWith('sleep\u0000773.5').length === 0, 'no process is left');
});

test.each([
  ['a vmid that is no number of a guest', { vmid: 99 }, 'vmid'],
  ['a vmid with more than digits in it', { vmid: '101; reboot' as unknown as number }, 'vmid'],
  ['an empty argv', { argv: [] }, 'argv'],
  ['a program that is an option', { argv: ['-w', 'id'] }, 'argv'],
  ['an argument with a NUL', { argv: ['printf', 'a\0b'] }, 'argv'],
  ['an argument with half a surrogate pair', { argv: ['printf', '\ud800'] }, 'argv'],
  ['an argument longer than a command line', { argv: ['printf', 'x'.repeat(140_000)] }, 'argv'],
  ['no time', { timeoutSeconds: 0 }, 'timeout_seconds'],
  ['a node that is an option', { node: '-oProxyCommand=x' }, 'node'],
])('refuses %s before anything is sent', async (_what, command, field) => {
  const error = await failure(run(['true'], command));
  expect(error).toMatchObject({ code: 'invalid_input', effect: 'none', details: { field, sent: false } });
});
