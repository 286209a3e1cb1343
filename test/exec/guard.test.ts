import { existsSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { OperationError } from '../../src/domain/operation-error.ts';
import type { CommandOutput } from '../../src/exec/command-output.ts';
import type { ContainerCommand } from '../../src/exec/container.ts';
import { createNodeShell } from '../../src/exec/node-shell.ts';
import type { NodeShell } from '../../src/exec/node-shell.ts';
import type { SshSettingsInput } from '../../src/exec/ssh-settings.ts';
import { requireProgram } from './install-package.ts';
import { BUSYBOX_VMID, eventually, startOpenSsh } from './openssh.ts';
import type { OpenSsh } from './openssh.ts';
import { processesWith } from './processes.ts';

const GATE = fileURLToPath(new URL('../../src/exec/forced-command/pct-exec-gate', import.meta.url));
/** What a container of the likes of Alpine has. */
const APPLETS = ['sh', 'setsid', 'sleep', 'cat', 'grep', 'head', 'tee', 'wc', 'timeout'];
let openssh: OpenSsh;
let gateKey: string;
const shells: NodeShell[] = [];
let count = 0;

vi.setConfig({ testTimeout: 30_000, maxConcurrency: 10 });
beforeAll(async () => {
  const busybox = requireProgram('/usr/bin/busybox', 'busybox');
  openssh = await startOpenSsh();
  mkdirSync(join(openssh.folder, 'busybox'));
  for (const applet of APPLETS) symlinkSync(busybox, join(openssh.folder, 'busybox', applet));
  const key = openssh.createKey('ed25519');
  openssh.authorize(key, `command="${GATE} --vmids 100-199 --pct ${openssh.pctPath}",restrict`);
  gateKey = key.file;
}, 240_000);
afterAll(async () => {
  await Promise.all(shells.map((shell) => shell.close()));
  await openssh.stop();
});

/** Where the guard runs, and with whose tools. */
const WAYS: readonly [string, () => SshSettingsInput, number][] = [
  ['with the guard on the node', () => ({}), 101],
  ['with sudo, and the guard in the container', () => ({ useSudo: true }), 101],
  ['with sudo, and a container that has nothing but BusyBox', () => ({ useSudo: true }), BUSYBOX_VMID],
  ['through the gate', () => ({ forcedCommand: true, keyFile: gateKey }), 101],
];

/** A duration to sleep that no other process has, to find the sleeper by. */
const mark = (): string => `${10_000 + (count += 1)}.${process.pid}`;
const isGone = (seconds: string): Promise<void> => eventually(() => processesWith(seconds).length === 0, 'no process is left', 12_000);
const failureOf = (call: Promise<unknown>): Promise<OperationError> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: OperationError) => error,
  );

describe.each(WAYS)('%s', (_name, settings, vmid) => {
  function run(argv: readonly string[], more: Partial<ContainerCommand> = {}, to: { shell?: NodeShell } = {}): Promise<CommandOutput> {
    const shell = to.shell ?? createNodeShell(openssh.settings(settings()));
    shells.push(shell);
    return shell.runInContainer({ node: 'pve1', vmid, argv, timeoutSeconds: 1, ...more });
  }

  test.concurrent.each([
    ['a command', 124, (seconds: string) => `exec sleep ${seconds}`],
    ['a child in the background', 124, (seconds: string) => `sleep ${seconds} & wait`],
    ['a deep pipeline', 124, (seconds: string) => `(((sleep ${seconds}; true) | cat; true) | (cat | cat); true) | cat`],
    ['children in process groups of their own', 124, (seconds: string) => `timeout 900 sleep ${seconds} & sleep ${seconds}`],
    ['a command that ignores TERM', 137, (seconds: string) => `trap '' TERM; while :; do sleep ${seconds}; done`],
    [
      'a child that ignores TERM, of a command that heeds it',
      137,
      (seconds: string) => `(trap '' TERM; sleep ${seconds}) & sleep ${seconds}`,
    ],
    ['an orphan that ignores TERM', 137, (seconds: string) => `(trap '' TERM; sleep ${seconds} &) & sleep ${seconds}`],
  ])('nothing is left of %s when its time is over', async (_what, exitCode, script) => {
    const seconds = mark();
    const output = await run(['sh', '-c', script(seconds)]);
    // BusyBox's own `timeout` leaves a watcher that looks every second.
    await isGone(seconds);
    expect(output).toMatchObject({ timedOut: true, exitCode, stderrBytes: 0 });
  });

  test.concurrent('every word and every byte of stdin arrives, and nothing of the guard is inherited', async () => {
    const words = ['', ' ', "it's", '$(id)', '`id`', '"$@"', ';reboot', '*', '-n', '--', '\\', 'a\nb', '\n', '%s', '\u001b[31m', '漢字 🚀'];
    const stdin = Buffer.concat([Buffer.from(Array.from({ length: 256 }, (_, index) => index)), Buffer.alloc(200_000, '\n')]);
    const script =
      'for word; do printf "%s\\0" "$word"; done; for fd in 3 4 5 6; do [ ! -e /proc/$$/fd/$fd ] || echo "$fd"; done; cat >&2; exit 9';
    const output = await run(['sh', '-c', script, 'sh', ...words], { stdin, timeoutSeconds: 20 });
    expect(Buffer.from(output.stdout).toString().split('\0')).toEqual([...words, '']);
    expect(Buffer.from(output.stderr).equals(stdin)).toBe(true);
    expect(output).toMatchObject({ exitCode: 9, signal: null, timedOut: false });
  });

  test.concurrent('TERM comes once, and what cleans up after it has the time to say so', async () => {
    const output = await run(['sh', '-c', `trap 'echo cleaning; sleep 2; echo done; exit 3' TERM; while :; do sleep 0.1; done`]);
    expect(Buffer.from(output.stdout).toString()).toBe('cleaning\ndone\n');
    expect(output).toMatchObject({ timedOut: true, exitCode: 124 });
  });

  test.concurrent('nothing is left when the caller gives up', async () => {
    const [seconds, caller] = [mark(), new AbortController()];
    const script = `(trap '' TERM; sleep ${seconds}) & sleep ${seconds}`;
    const call = failureOf(run(['sh', '-c', script], { timeoutSeconds: 900, signal: caller.signal }));
    await eventually(() => processesWith(`sleep\u0000${seconds}`).length > 1, 'the command runs');
    caller.abort();
    expect(await call).toMatchObject({ effect: 'unknown', details: { reason: 'aborted', sent: true } });
    await isGone(seconds);
  });

  test.concurrent('a command that ends in time may leave something behind on purpose', async () => {
    const seconds = '3.4731';
    const output = await run(['sh', '-c', `sleep ${seconds} > /dev/null 2>&1 < /dev/null & exit 4`], { timeoutSeconds: 20 });
    expect(output).toMatchObject({ exitCode: 4, timedOut: false });
    expect(processesWith(`sleep\u0000${seconds}`).length).toBeGreaterThan(0);
  });
});

test.concurrent.each([') Z 1 1 1 (', ') S 1 1\n1 1', '(((', '%s $(id)'])(
  'no process hides behind the name %j, in a process group of its own',
  async (name) => {
    const [seconds, program] = [mark(), join(openssh.folder, name)];
    symlinkSync('/usr/bin/sleep', program);
    const shell = createNodeShell(openssh.settings());
    shells.push(shell);
    const argv = ['bash', '-c', `set -m; (trap '' TERM; exec "$0" ${seconds}) & wait`, program];
    const output = await shell.runInContainer({ node: 'pve1', vmid: 101, argv, timeoutSeconds: 1 });
    expect(processesWith(seconds)).toEqual([]);
    expect(output).toMatchObject({ timedOut: true, exitCode: 137 });
  },
);

test('nothing is left when the connection is cut, and what came of stdin does not pass for all of it', async () => {
  const [seconds, incomplete] = [mark(), mark()];
  const ended = `${openssh.folder}/saw the end of stdin`;
  const ignoring = ['sh', '-c', `(trap '' TERM; sleep ${seconds}) & wait`];
  const reading = ['sh', '-c', `head -c 5 > /dev/null; sleep ${incomplete} & cat > /dev/null; cat < /dev/null > "$0"`, ended];
  const ways: typeof WAYS = [...WAYS, ["the system's client", () => ({ preferSshClient: true }), 101]];
  const calls = ways.flatMap(([_name, settings, vmid]) => {
    const shell = createNodeShell(openssh.settings(settings()));
    shells.push(shell);
    const command = { node: 'pve1', vmid, timeoutSeconds: 900 };
    // More than fits on the way to a command that has read only the beginning.
    const stdin = Buffer.alloc(12_000_000, 'x');
    return [shell.runInContainer({ ...command, argv: ignoring }), shell.runInContainer({ ...command, argv: reading, stdin })];
  });
  const failures = Promise.all(calls.map(failureOf));
  const sleepers = (of: string): number => processesWith(`sleep\u0000${of}`).length;
  await eventually(() => sleepers(seconds) === ways.length && sleepers(incomplete) === ways.length, 'all commands run');
  openssh.dropConnections();
  expect((await failures).map((error) => error.effect)).toEqual(calls.map(() => 'unknown'));
  await isGone(seconds);
  await isGone(incomplete);
  expect(existsSync(ended)).toBe(false);
});
