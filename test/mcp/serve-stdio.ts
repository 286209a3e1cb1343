import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Simulator } from '../../src/simulator/start-simulator.ts';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));
const NODE_QUIET = '--disable-warning=ExperimentalWarning';

/** How a client starts the server on this machine, pointed at a simulator. */
export interface StdioCommand extends Disposable {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** The command and environment of a stdio server; its state folder goes away with it. */
export function stdioCommand(simulator: Simulator, env: Readonly<Record<string, string>> = {}): StdioCommand {
  const folder = mkdtempSync(join(tmpdir(), 'proxmox-mcp-stdio-'));
  const { user, tokenName, tokenValue } = simulator.token;
  return {
    command: process.execPath,
    args: [NODE_QUIET, MAIN],
    env: {
      PATH: process.env['PATH'] ?? '',
      PROXMOX_HOST: simulator.host,
      PROXMOX_PORT: String(simulator.port),
      PROXMOX_FINGERPRINT: simulator.fingerprint,
      PROXMOX_USER: user,
      PROXMOX_TOKEN_NAME: tokenName,
      PROXMOX_TOKEN_VALUE: tokenValue,
      PROXMOX_MCP_STATE_DIR: folder,
      PROXMOX_JOBS_SQLITE_PATH: join(folder, 'jobs.sqlite3'),
      LOG_LEVEL: 'ERROR',
      ...env,
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A stdio server whose lines a test reads and writes by itself. */
export interface RawServer {
  readonly child: ChildProcessWithoutNullStreams;
  send(message: object): void;
  /** The next answer with this id. Rejects when the server ends first. */
  answer(id: number): Promise<Readonly<Record<string, unknown>>>;
  /** Everything that stood on standard output, line by line. */
  readonly lines: readonly string[];
  stderr(): string;
  /** Resolves with the exit code once both outputs are read to their end. */
  readonly exited: Promise<number | null>;
}

export function startRaw({ command, args, env }: StdioCommand): RawServer {
  const child = spawn(command, [...args], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  const lines: string[] = [];
  const waiting = new Map<number, (message: Readonly<Record<string, unknown>>) => void>();
  let rest = '';
  let errors = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const parts = (rest + chunk).split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) {
      lines.push(line);
      const message = parse(line);
      waiting.get(Number(message?.['id']))?.(message ?? {});
    }
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    errors += chunk;
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      if (rest !== '') lines.push(rest);
      resolve(code);
    });
  });
  return {
    child,
    lines,
    exited,
    stderr: () => errors,
    send: (message) => child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`),
    answer: (id) =>
      new Promise((resolve, reject) => {
        waiting.set(id, resolve);
        child.once('close', () => reject(new Error(`the server ended before it answered ${id}: ${errors}`)));
      }),
  };
}

function parse(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
