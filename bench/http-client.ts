import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Agent, request } from 'undici';
import type { Weight } from './tell-weight.ts';
import { WEIGHABLE, weigh } from './weigh.ts';

/** An HTTP server under measurement. */
export interface HttpTarget {
  /** Null for a server that somebody else has started. */
  readonly pid: number | null;
  /** @throws Error for anything but a success */
  post(path: string, body: object): Promise<string>;
  close(): Promise<void>;
}

/** An HTTP server that the bench has started. */
export interface StartedTarget extends HttpTarget {
  /** What it holds once all garbage is collected. Only for what runs in Node.js. */
  weigh(): Promise<Weight>;
}

/** Speaks to a server that is up already. */
export function httpClient(origin: string, connections = 64): HttpTarget {
  const agent = new Agent({ connections });
  return {
    pid: null,
    async post(path, body) {
      const answer = await request(`${origin}${path}`, {
        method: 'POST',
        dispatcher: agent,
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2025-11-25',
        },
        body: JSON.stringify(body),
      });
      const text = await answer.body.text();
      if (answer.statusCode >= 300) throw new Error(`${path} answered ${answer.statusCode}: ${text.slice(0, 300)}`);
      return text;
    },
    close: () => agent.close(),
  };
}

/** Starts a server as a process and waits until it answers. `portVariable` is where it reads its port. */
export async function startHttp(
  command: readonly string[],
  environment: Readonly<Record<string, string>>,
  portVariable: string,
  connections?: number,
): Promise<StartedTarget> {
  const port = await freePort();
  const [program = process.execPath, ...args] = command;
  const child = spawn(program, args, {
    env: { PATH: process.env['PATH'], ...WEIGHABLE, ...environment, [portVariable]: String(port) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const origin = `http://127.0.0.1:${port}`;
  const client = httpClient(origin, connections);
  for (let tries = 0; ; tries++) {
    const isUp = await request(`${origin}/livez`).then(
      ({ body }) => body.dump().then(() => true),
      () => false,
    );
    if (isUp) break;
    if (tries > 100 || child.exitCode !== null) throw new Error(`${command.join(' ')} does not listen.`);
    await pause(100);
  }
  return {
    pid: child.pid ?? null,
    post: client.post,
    weigh: () => weigh(child),
    async close() {
      await client.close();
      if (child.exitCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      await gone;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
