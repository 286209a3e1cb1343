import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { OperationError } from '../../src/domain/operation-error.ts';
import type { CommandOutput } from '../../src/exec/command-output.ts';
import type { ContainerCommand } from '../../src/exec/container.ts';
import { createNodeShell } from '../../src/exec/node-shell.ts';
import type { NodeShell } from '../../src/exec/node-shell.ts';
import type { SshSettingsInput } from '../../src/exec/ssh-settings.ts';
import { eventually, startOpenSsh } from './openssh.ts';
import type { KeyFile, OpenSsh } from './openssh.ts';
import { processesWith } from './processes.ts';

const GATE = fileURLToPath(new URL('../../src/exec/forced-command/pct-exec-gate', import.meta.url));
let openssh: OpenSsh;
let key: KeyFile;
const shells: NodeShell[] = [];
vi.setConfig({ testTimeout: 20_000 });
beforeAll(async () => {
  openssh = await startOpenSsh();
  key = openssh.createKey('ed25519');
  openssh.authorize(key, `command="${GATE} --vmids 100-199,404 --pct ${openssh.pctPath} --max-seconds 60",restrict`);
}, 240_000);
afterAll(() => openssh.stop());
afterEach(async () => {
  await Promise.all(shells.splice(0).map((shell) => shell.close()));
});

function run(argv: string[], more: Partial<ContainerCommand> = {}, settings: SshSettingsInput = {}): Promise<CommandOutput> {
  const shell = createNodeShell(openssh.settings({ keyFile: key.file, forcedCommand: true, ...settings }));
  shells.push(shell);
  return shell.runInContainer({ node: 'pve1', vmid: 101, argv, timeoutSeconds: 10, ...more });
}
const failureOf = (call: Promise<unknown>): Promise<OperationError> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: OperationError) => error,
  );
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

test.each([
  ['the built-in client', {}],
  ["the system's client", { preferSshClient: true }],
])('runs a command through the gate with %s', async (_name, settings) => {
  const hostile = ['$(id)', "it's", 'a\nb', '漢字 🚀', '', '--', '"'];
  const stdin = Buffer.concat([Buffer.from('first\n'), Buffer.alloc(200_000, 7)]);
  const output = await run(['sh', '-c', `printf '%s\\0' "$@"; wc -c >&2; exit 9`, 'sh', ...hostile], { stdin }, settings);
  expect(output).toMatchObject({ exitCode: 9, timedOut: false });
  expect(text(output.stdout).split('\0').slice(0, -1)).toEqual(hostile);
  expect(Number(text(output.stderr))).toBe(stdin.length);
});

test('does not mistake what a command prints for its own answer', async () => {
  const forged = '{"pct_exec_gate": 1, "accepted": false, "error": "forged"}';
  const output = await run(['printf', '%s\\n', forged]);
  expect(text(output.stdout)).toBe(`${forged}\n`);
});

test('ends a command whose time is over', async () => {
  expect(await run(['sleep', '777.5'], { timeoutSeconds: 1 })).toMatchObject({ timedOut: true, exitCode: 124 });
  await eventually(() => processesWith('sleep\u0000777.5').length === 0, 'no process is left');
});

test('says that a command cannot be started, in one line', async () => {
  const output = await run(['printf', 'x'.repeat(200_000)]);
  expect(output).toMatchObject({ exitCode: 126, stdoutBytes: 0 });
  expect(text(output.stderr)).toMatch(/^pct-exec-gate: \S+ cannot be started: Argument list too long\n$/);
});

test.each([
  ['the caller gives up', (caller: AbortController) => caller.abort()],
  ['the connection ends', () => shells.splice(0).forEach((shell) => void shell.close())],
])('ends the command at once when %s', async (_when, happen) => {
  const caller = new AbortController();
  const call = failureOf(run(['sleep', '778.5'], { timeoutSeconds: 50, signal: caller.signal }));
  await eventually(() => processesWith('sleep\u0000778.5').length > 0, 'the command runs');
  happen(caller);
  expect(await call).toMatchObject({ effect: 'unknown', details: { sent: true } });
  await eventually(() => processesWith('sleep\u0000778.5').length === 0, 'the command is gone', 4000);
});

test.each([
  ['a container outside the range', { vmid: 200 }, 'container 200 is not among those'],
  ['a time longer than it grants', { timeoutSeconds: 61 }, 'timeout_seconds is not a whole number from 1 to 60'],
])('refuses %s, and nothing runs', async (_what, command, why) => {
  const error = await failureOf(run(['touch', `${openssh.folder}/owned`], command));
  expect(error).toMatchObject({ code: 'denied', effect: 'none', details: { reason: 'refused_by_gate' } });
  expect(error.details['gate_error']).toContain(why);
});

test('the key opens nothing but the gate', async () => {
  const shell = createNodeShell(openssh.settings({ keyFile: key.file }));
  shells.push(shell);
  const output = await shell.runInContainer({ node: 'pve1', vmid: 101, argv: ['echo', 'past the gate'], timeoutSeconds: 5 });
  expect(output).toMatchObject({ exitCode: 126, timedOut: false });
  expect(JSON.parse(text(output.stdout))).toMatchObject({
    accepted: false,
    error: expect.stringContaining('set ssh.forced_command to true'),
  });
});

test('says that the node has no gate for a key which is not bound to it', async () => {
  expect(await failureOf(run(['true'], {}, { keyFile: openssh.clientKey.file }))).toMatchObject({
    effect: 'none',
    details: { reason: 'refused_by_node', sent: false },
  });
});

const GOOD = { version: 1, vmid: 101, argv: ['true'], timeout_seconds: 5, stdin_bytes: 0 };
test.each([
  ['no JSON', 'rm -rf /\n'],
  ['no object', '[1]\n'],
  ['a missing field', `${JSON.stringify({ ...GOOD, argv: undefined })}\n`],
  ['a field too many', `${JSON.stringify({ ...GOOD, env: {} })}\n`],
  ['another version', `${JSON.stringify({ ...GOOD, version: 2 })}\n`],
  ['a vmid as text', `${JSON.stringify({ ...GOOD, vmid: '101; reboot' })}\n`],
  ['a vmid that is true', `${JSON.stringify({ ...GOOD, vmid: true })}\n`],
  ['a negative vmid', `${JSON.stringify({ ...GOOD, vmid: -101 })}\n`],
  ['a vmid with a fraction', `${JSON.stringify(GOOD).replace('101', '101.5')}\n`],
  ['argv as one text', `${JSON.stringify({ ...GOOD, argv: 'true' })}\n`],
  ['an empty argv', `${JSON.stringify({ ...GOOD, argv: [] })}\n`],
  ['a number in argv', `${JSON.stringify({ ...GOOD, argv: ['true', 1] })}\n`],
  ['a NUL in argv', `${JSON.stringify({ ...GOOD, argv: ['true', 'a\0'] })}\n`],
  ['half a surrogate pair', `${JSON.stringify({ ...GOOD, argv: ['true', '\ud800'] })}\n`],
  ['no line end', JSON.stringify(GOOD)],
  ['nested brackets without end', `${'['.repeat(100_000)}\n`],
])('the gate refuses %s', async (_what, request) => {
  const gate = spawn(GATE, ['--vmids', '100-199', '--pct', openssh.pctPath], { stdio: ['pipe', 'pipe', 'inherit'] });
  let answer = '';
  gate.stdout.on('data', (chunk: Buffer) => (answer += chunk.toString()));
  gate.stdin.end(request);
  const code = await new Promise((resolve) => gate.once('close', resolve));
  expect(code).toBe(126);
  expect(JSON.parse(answer)).toMatchObject({ pct_exec_gate: 1, accepted: false });
});
