import { createInterface } from 'node:readline';
import { OperationError } from '../../../src/domain/operation-error.ts';
import { FAILPOINT_HOOK } from '../../../src/jobs/failpoint.ts';
import { startWorldServer } from './world-server.ts';

/* A server in a process of its own, which can be killed: takes calls as JSON lines on stdin, answers on stdout. */

// Waiting for a busy database does not keep a process alive by itself.
setInterval(() => undefined, 60_000);

const { STORE = '', WORLD = '', FAILPOINT = '', FAILPOINT_NUMBER = '1', LEASE_MS = '1200' } = process.env;

let passes = 0;
(globalThis as Record<string, unknown>)[FAILPOINT_HOOK] = (name: string): void => {
  if (name !== FAILPOINT) return;
  passes += 1;
  if (passes === Number(FAILPOINT_NUMBER)) process.kill(process.pid, 'SIGKILL');
};

interface Call {
  readonly id: number;
  readonly operation?: string;
  readonly vmid?: number;
  readonly key?: string;
}

const server = await startWorldServer(STORE, WORLD, { leaseMs: Number(LEASE_MS) });
process.stdout.write('{"id":0,"ready":true}\n');
for await (const line of createInterface({ input: process.stdin })) {
  const { id, operation, vmid = 0, key = '' } = JSON.parse(line) as Call;
  const answer: Promise<unknown> = operation === undefined ? server.list() : server.call(operation, vmid, key);
  void answer.then(
    (value) => process.stdout.write(`${JSON.stringify({ id, value })}\n`),
    (fault: unknown) =>
      process.stdout.write(`${JSON.stringify({ id, error: fault instanceof OperationError ? fault.code : String(fault) })}\n`),
  );
}
