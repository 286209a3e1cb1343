import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Weight } from './tell-weight.ts';
import { WEIGHABLE, weigh } from './weigh.ts';

type Answer = Readonly<Record<string, unknown>>;

/** An MCP server that was started as a process, spoken to with as little of our own in between as possible. */
export interface StdioClient {
  /** @throws Error when the server answers with a protocol error or ends */
  request(method: string, params?: object): Promise<Answer>;
  /** Calls a tool. */
  call(name: string, args?: object): Promise<Answer>;
  /** From the start of the process to the answer of the first `tools/list`, milliseconds. */
  readonly coldStartMs: number;
  readonly pid: number;
  /** Bytes on its standard error so far. */
  loggedBytes(): number;
  /** What it holds once all garbage is collected. Only for a server that was started to be weighed. */
  weigh(): Promise<Weight>;
  close(): Promise<void>;
}

export async function startStdio(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  { isWeighed = false } = {},
): Promise<StdioClient> {
  const startedAt = performance.now();
  const [program = process.execPath, ...args] = command;
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...(isWeighed ? WEIGHABLE : {}), ...environment },
    stdio: isWeighed ? ['pipe', 'pipe', 'pipe', 'ipc'] : ['pipe', 'pipe', 'pipe'],
  }) as ChildProcessWithoutNullStreams;
  let logged = 0;
  child.stderr.on('data', (chunk: Buffer) => {
    logged += chunk.length;
  });
  const waiting = new Map<number, { resolve(answer: Answer): void; reject(error: Error): void }>();
  let lastId = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result, error } = JSON.parse(line) as { id?: number; result?: Answer; error?: { message: string } };
    const call = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || !call) return;
    waiting.delete(id);
    if (error) call.reject(new Error(error.message));
    else call.resolve(result ?? {});
  });
  child.once('exit', (code) => {
    for (const call of waiting.values()) call.reject(new Error(`The server ended with ${code}.`));
  });
  child.once('error', (error) => {
    for (const call of waiting.values()) call.reject(error);
  });
  child.stdin.on('error', () => undefined);
  const send = (message: object): void => void child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
  const request = (method: string, params: object = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      waiting.set(id, { resolve, reject });
      send({ id, method, params });
    });
  await request('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'bench', version: '1' } });
  send({ method: 'notifications/initialized' });
  await request('tools/list');
  const coldStartMs = performance.now() - startedAt;
  return {
    request,
    call: (name, args = {}) => request('tools/call', { name, arguments: args }),
    coldStartMs,
    pid: child.pid ?? 0,
    loggedBytes: () => logged,
    weigh: () => weigh(child),
    async close() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.stdin.end();
      const late = setTimeout(() => child.kill('SIGKILL'), 5000);
      await gone;
      clearTimeout(late);
    },
  };
}
