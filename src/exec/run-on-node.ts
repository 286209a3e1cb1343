import type { Clock } from '../domain/clock.ts';
import type { CommandOutput } from './command-output.ts';
import { KILL_AFTER_SECONDS } from './guard.ts';
import { createOutputCapture } from './output-capture.ts';
import type { OutputCapture } from './output-capture.ts';
import type { ProcessEnd, RemoteProcess } from './remote-process.ts';
import { aborted, inDoubt } from './ssh-failure.ts';
import type { SshTarget } from './ssh-settings.ts';

/** How long after KILL the node may take to say so. */
const REPORT_SECONDS = 5;
/** A process left in the background may hold the streams open after the command's end. */
const DRAIN_MS = 1500;

export interface RunOptions {
  readonly target: SshTarget;
  readonly stdin: Uint8Array | undefined;
  readonly timeoutSeconds: number;
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal | undefined;
  readonly clock: Clock;
  /** Time that the process may need before the command begins. */
  readonly setupSeconds?: number;
  /** Takes stdout in place of the capture and passes on what belongs to the command. */
  readonly filterStdout?: (pass: (chunk: Uint8Array) => void) => (chunk: Uint8Array) => void;
}

/**
 * Sees a command through: feeds stdin, drains both streams together, and ends in bounded time whatever the far side does. Stdin ends only
 * after the command: the guard on the far side takes its end for the caller's.
 * @throws OperationError in doubt when the connection is lost or the caller gives up
 */
export async function runToEnd(process: RemoteProcess, options: RunOptions): Promise<CommandOutput> {
  const { clock, target, signal } = options;
  const started = clock.monotonic();
  const stdout = createOutputCapture(options.maxOutputBytes);
  const stderr = createOutputCapture(options.maxOutputBytes);
  const keep = (chunk: Uint8Array): void => stdout.write(chunk);
  let lastByte = started;
  const onStdout = options.filterStdout?.(keep) ?? keep;
  process.stdout.on('data', (chunk: Uint8Array) => {
    lastByte = clock.monotonic();
    onStdout(chunk);
  });
  process.stderr.on('data', (chunk: Uint8Array) => {
    lastByte = clock.monotonic();
    stderr.write(chunk);
  });
  // A command may end without reading its input: that is its own affair.
  process.stdin.on('error', () => {});
  process.stdin.write(options.stdin ?? new Uint8Array());

  const over = new AbortController();
  const end = await firstOf(process, options, over);
  over.abort();
  if (end === 'aborted') {
    process.abandon();
    throw aborted(target, true);
  }
  const durationMs = Math.round(clock.monotonic() - started);
  if (end === 'overdue') {
    process.abandon();
    return assemble({ exitCode: null, signal: null, timedOut: true }, stdout, stderr, durationMs);
  }
  if (end.kind === 'never-sent') throw end.error;
  if (end.kind === 'lost') {
    throw inDoubt(
      'connection_lost',
      target,
      `The connection to node ${target.node} was lost while the command ran; whether it ended is not known.`,
      {
        hint: 'Look at the container before running the command again.',
        details: { seconds: durationMs / 1000 },
        cause: end.error,
      },
    );
  }
  process.stdin.end();
  await drain(
    process,
    clock,
    () => lastByte,
    () => signal?.aborted === true,
  );
  const timeIsOver = durationMs >= options.timeoutSeconds * 1000;
  return assemble(
    {
      exitCode: end.kind === 'exit' ? end.code : null,
      signal: end.kind === 'signal' ? end.signal : null,
      timedOut: timeIsOver && isTimeoutEnd(end),
    },
    stdout,
    stderr,
    durationMs,
  );
}

function firstOf(process: RemoteProcess, options: RunOptions, over: AbortController): Promise<ProcessEnd | 'overdue' | 'aborted'> {
  const limitMs = (options.timeoutSeconds + KILL_AFTER_SECONDS + REPORT_SECONDS + (options.setupSeconds ?? 0)) * 1000;
  const { signal } = options;
  const races: Promise<ProcessEnd | 'overdue' | 'aborted'>[] = [
    process.ended,
    options.clock.sleep(limitMs, over.signal).then(() => 'overdue' as const),
  ];
  if (signal) {
    races.push(
      new Promise((resolve) => {
        if (signal.aborted) resolve('aborted');
        const onAbort = (): void => resolve('aborted');
        signal.addEventListener('abort', onAbort, { once: true });
        over.signal.addEventListener('abort', () => signal.removeEventListener('abort', onAbort), { once: true });
      }),
    );
  }
  return Promise.race(races);
}

/** Waits for the end of the streams, at most until they were silent for a while. */
async function drain(process: RemoteProcess, clock: Clock, lastByte: () => number, isGivenUp: () => boolean): Promise<void> {
  const done = new AbortController();
  const closed = process.closed.then(() => 'closed' as const);
  const ended = clock.monotonic();
  let now = ended;
  do {
    const silence = clock.sleep(DRAIN_MS, done.signal).then(() => 'silence' as const);
    if ((await Promise.race([closed, silence])) === 'closed') return done.abort();
    now = clock.monotonic();
  } while (now - lastByte() < DRAIN_MS && now - ended < 10 * DRAIN_MS && !isGivenUp());
  process.abandon();
}

/** What a guard says: 124 when TERM was enough, 137 when it took KILL. */
function isTimeoutEnd(end: ProcessEnd): boolean {
  return end.kind === 'exit' && (end.code === 124 || end.code === 137);
}

function assemble(
  end: Pick<CommandOutput, 'exitCode' | 'signal' | 'timedOut'>,
  stdout: OutputCapture,
  stderr: OutputCapture,
  durationMs: number,
): CommandOutput {
  const out = stdout.finish();
  const err = stderr.finish();
  return {
    ...end,
    stdout: out.bytes,
    stderr: err.bytes,
    stdoutBytes: out.totalBytes,
    stderrBytes: err.totalBytes,
    stdoutTruncated: out.truncated,
    stderrTruncated: err.truncated,
    stdoutSha256: out.sha256,
    stderrSha256: err.sha256,
    durationMs,
  };
}
