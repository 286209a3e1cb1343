import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import ssh2 from 'ssh2';
import { readFileSync } from 'node:fs';
import { systemClock } from '../../src/domain/clock.ts';
import type { Clock } from '../../src/domain/clock.ts';
import type { OperationError } from '../../src/domain/operation-error.ts';
import { createNodeShell } from '../../src/exec/node-shell.ts';
import type { NodeShell } from '../../src/exec/node-shell.ts';
import type { SshSettingsInput } from '../../src/exec/ssh-settings.ts';
import { eventually, startOpenSsh } from './openssh.ts';
import type { OpenSsh } from './openssh.ts';
import { processesWith } from './processes.ts';

let openssh: OpenSsh;
const undo: (() => unknown)[] = [];
vi.setConfig({ testTimeout: 20_000 });
beforeAll(async () => {
  openssh = await startOpenSsh();
}, 240_000);
afterAll(() => openssh.stop());
afterEach(async () => {
  for (const step of undo.splice(0)) await step();
});

/** Waits twenty times shorter than asked for. */
const fastClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now() * 20,
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / 20, signal),
};

function shellWith(settings: SshSettingsInput, clock: Clock = systemClock): NodeShell {
  const shell = createNodeShell(openssh.settings({ hostFingerprints: { pve1: [openssh.hostKey('ed25519').fingerprint] }, ...settings }), {
    clock,
  });
  undo.push(() => shell.close());
  return shell;
}
const run = (shell: NodeShell, argv: string[], timeoutSeconds = 15) =>
  shell.runInContainer({ node: 'pve1', vmid: 101, argv, timeoutSeconds });
const failureOf = (call: Promise<unknown>): Promise<OperationError> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: OperationError) => error,
  );

/** A wire that can be cut. */
async function wire(): Promise<{ port: number; cut(): void }> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(openssh.port, openssh.host);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    near.pipe(far).pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  undo.push(() => {
    cut();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, cut };
}

test('a connection cut while the command runs leaves it in doubt, and the next command connects anew', async () => {
  const { port, cut } = await wire();
  const shell = shellWith({ port });
  const call = failureOf(run(shell, ['sleep', '774.5'], 900));
  await eventually(() => processesWith('sleep\u0000774.5').length > 0, 'the command runs');
  cut();
  expect(await call).toMatchObject({ code: 'proxmox_unreachable', effect: 'unknown', details: { reason: 'connection_lost', sent: true } });
  expect(await run(shell, ['true'])).toMatchObject({ exitCode: 0 });
  await eventually(() => processesWith('sleep\u0000774.5').length === 0, 'the guard ended the command');
});

test('a cut is told from an exit code with the system client too', async () => {
  const { port, cut } = await wire();
  const { knownHostsFile } = openssh;
  const shell = createNodeShell(
    openssh.settings({ preferSshClient: true, port, knownHostsFiles: [knownHostsFile, await aliasFile(port)] }),
  );
  undo.push(() => shell.close());
  const call = failureOf(run(shell, ['sleep', '775.5'], 900));
  await eventually(() => processesWith('sleep\u0000775.5').length > 0, 'the command runs');
  cut();
  expect(await call).toMatchObject({ effect: 'unknown', details: { reason: 'connection_lost', sent: true } });
  await eventually(() => processesWith('sleep\u0000775.5').length === 0, 'the guard ended the command');
});

async function aliasFile(port: number): Promise<string> {
  const { writeFile } = await import('node:fs/promises');
  const file = `${openssh.folder}/known_hosts_of_wire`;
  await writeFile(file, `[127.0.0.1]:${port} ${openssh.hostKey('ed25519').publicLine}\n`);
  return file;
}

test('a connection that was cut while idle is not used for the next command', async () => {
  const { port, cut } = await wire();
  const shell = shellWith({ port });
  expect(await run(shell, ['true'])).toMatchObject({ exitCode: 0 });
  cut();
  expect(await run(shell, ['true'])).toMatchObject({ exitCode: 0 });
});

test.each([
  ['before a channel is open', 'session', false, 'none'],
  ['between the request and its answer', 'exec', true, 'unknown'],
] as const)('a server that hangs up %s', async (_when, moment, sent, effect) => {
  const server = new ssh2.Server({ hostKeys: [readFileSync(openssh.hostKey('ed25519').file)] }, (client) => {
    const hangUp = (): void => void (client as unknown as { _sock: Socket })._sock.destroy();
    client.on('error', () => {});
    client.on('authentication', (context) => context.accept());
    client.on('session', (accept) => (moment === 'session' ? hangUp() : accept().on('exec', hangUp)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => server.close());
  const shell = shellWith({ port: (server.address() as AddressInfo).port });
  expect(await failureOf(run(shell, ['true']))).toMatchObject({ effect, details: { reason: 'connection_lost', sent } });
});

test('a server that never answers the greeting is given up in time', async () => {
  const server = createServer((socket) => undo.push(() => socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => server.close());
  const started = performance.now();
  const shell = shellWith({ port: (server.address() as AddressInfo).port, connectTimeoutSeconds: 0.5 });
  expect(await failureOf(run(shell, ['true']))).toMatchObject({ effect: 'none', details: { reason: 'unreachable', sent: false } });
  expect(performance.now() - started).toBeLessThan(2000);
});

test('a command that never reports its end is given up after its time and a grace period', async () => {
  const server = new ssh2.Server({ hostKeys: [readFileSync(openssh.hostKey('ed25519').file)] }, (client) => {
    client.on('error', () => {});
    client.on('authentication', (context) => context.accept());
    client.on('session', (accept) => accept().on('exec', (acceptExec) => void acceptExec().write('partial')));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  undo.push(() => server.close());
  const shell = shellWith({ port: (server.address() as AddressInfo).port }, fastClock);
  const output = await run(shell, ['true'], 1);
  expect(output).toMatchObject({ exitCode: null, signal: null, timedOut: true, stdoutBytes: 7 });
  expect(output.durationMs).toBeLessThan(12_500);
});

test('closing the shell leaves what runs in doubt and sends nothing more', async () => {
  const shell = shellWith({});
  const call = failureOf(run(shell, ['sleep', '776.5'], 900));
  await eventually(() => processesWith('sleep\u0000776.5').length > 0, 'the command runs');
  await shell.close();
  expect(await call).toMatchObject({ effect: 'unknown', details: { sent: true } });
  expect(await failureOf(run(shell, ['true']))).toMatchObject({ effect: 'none', details: { reason: 'closed', sent: false } });
  await eventually(() => processesWith('sleep\u0000776.5').length === 0, 'the guard ended the command');
});
