import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import type { CallAnswer, ShownJob } from './world-server.ts';

export interface WorkerProcess {
  /** Resolves when it takes calls, or is dead. */
  readonly ready: Promise<void>;
  /** The answer to a call; rejects with the error's code, or when the process dies. */
  call(operation: string, vmid: number, key: string): Promise<CallAnswer>;
  list(): Promise<readonly ShownJob[]>;
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  isAlive(): boolean;
  readonly exited: Promise<void>;
  /** What it wrote to stderr. */
  complaints(): string;
}

/** Starts a server as a process of its own. */
export function startWorker(environment: {
  STORE: string;
  WORLD: string;
  FAILPOINT?: string;
  FAILPOINT_NUMBER?: string;
  LEASE_MS?: string;
}): WorkerProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, 'worker.ts')], {
    env: { PATH: process.env['PATH'] ?? '', ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const waiting = new Map<number, { resolve: (value: unknown) => void; reject: (fault: Error) => void }>();
  let alive = true;
  let number = 0;
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  child.stdin.on('error', () => undefined);
  const ready = new Promise<void>((resolve) => {
    waiting.set(0, {
      resolve: () => {
        resolve();
      },
      reject: () => {
        resolve();
      },
    });
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      alive = false;
      for (const { reject } of waiting.values()) reject(new Error('died'));
      waiting.clear();
      resolve();
    });
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, value, error } = JSON.parse(line) as { id: number; value?: unknown; error?: string };
    const caller = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) caller?.resolve(value);
    else caller?.reject(new Error(error));
  });
  const ask = <T>(body: object): Promise<T> =>
    new Promise((resolve, reject) => {
      if (!alive) {
        reject(new Error('died'));
        return;
      }
      number += 1;
      waiting.set(number, { resolve: resolve as (value: unknown) => void, reject });
      child.stdin.write(`${JSON.stringify({ id: number, ...body })}\n`);
    });
  return {
    ready,
    call: (operation, vmid, key) => ask({ operation, vmid, key }),
    list: () => ask({}),
    signal: (name) => child.kill(name),
    isAlive: () => alive,
    exited,
    complaints: () => stderr,
  };
}
