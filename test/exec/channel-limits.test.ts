import { afterEach, expect, test, vi } from 'vitest';
import type { OperationError } from '../../src/domain/operation-error.ts';
import { createNodeShell } from '../../src/exec/node-shell.ts';
import type { NodeShell } from '../../src/exec/node-shell.ts';
import { eventually, startOpenSsh } from './openssh.ts';
import { processesWith } from './processes.ts';

const undo: (() => unknown)[] = [];
vi.setConfig({ testTimeout: 20_000 });
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

async function nodeWithSessions(count: number): Promise<NodeShell> {
  const openssh = await startOpenSsh([`MaxSessions ${count}`]);
  undo.push(() => openssh.stop());
  const shell = createNodeShell(openssh.settings());
  undo.push(() => shell.close());
  return shell;
}
const run = (shell: NodeShell, argv: string[], signal?: AbortSignal) =>
  shell.runInContainer({ node: 'pve1', vmid: 101, argv, timeoutSeconds: 900, ...(signal && { signal }) });
const failureOf = (call: Promise<unknown>): Promise<OperationError> =>
  call.then(
    () => expect.fail('the call succeeded'),
    (error: OperationError) => error,
  );

test('commands wait for each other on a node that allows one session', async () => {
  const shell = await nodeWithSessions(1);
  const outputs = await Promise.all(Array.from({ length: 10 }, () => run(shell, ['sleep', '0.1'])));
  expect(outputs.map((output) => output.exitCode)).toEqual(Array.from({ length: 10 }, () => 0));
}, 40_000);

test('a caller who gives up while waiting for the only session is told that nothing was sent', async () => {
  const shell = await nodeWithSessions(1);
  const [first, second] = [new AbortController(), new AbortController()];
  const seconds = `781.${process.pid}`;
  const running = failureOf(run(shell, ['sleep', seconds], first.signal));
  await eventually(() => processesWith(`sleep\u0000${seconds}`).length > 0, 'the command runs');
  const waiting = failureOf(run(shell, ['true'], second.signal));
  second.abort();
  expect(await waiting).toMatchObject({ effect: 'none', details: { reason: 'aborted', sent: false } });
  first.abort();
  expect(await running).toMatchObject({ effect: 'unknown', details: { reason: 'aborted', sent: true } });
});

test('a node that allows no session at all is not asked for long', async () => {
  const shell = await nodeWithSessions(0);
  const started = performance.now();
  expect(await failureOf(run(shell, ['true']))).toMatchObject({ effect: 'none', details: { reason: 'channel_refused', sent: false } });
  expect(performance.now() - started).toBeLessThan(10_000);
});
