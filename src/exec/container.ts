import { GRAMMAR } from '../domain/grammar.ts';
import { OperationError } from '../domain/operation-error.ts';
import { DEFAULT_MAX_OUTPUT_BYTES, OUTPUT_BYTES_LIMIT } from './command-output.ts';
import { guardArgv } from './guard.ts';
import { quoteCommand } from './shell-quote.ts';
import type { SshSettings } from './ssh-settings.ts';

/** A command for the inside of a container. */
export interface ContainerCommand {
  readonly node: string;
  readonly vmid: number;
  /** Program and arguments. No shell sees them inside the container unless the program is one. */
  readonly argv: readonly string[];
  readonly stdin?: Uint8Array;
  /** The command is ended after this time; 1 to 86400. */
  readonly timeoutSeconds: number;
  /** Bytes kept of each of stdout and stderr; default 1 MiB, at most 64 MiB. */
  readonly maxOutputBytes?: number;
  /** Monotonic milliseconds: when this moment has passed before the command goes out, it is not sent. */
  readonly sendBefore?: number;
  readonly signal?: AbortSignal;
}

const MAX_TIMEOUT_SECONDS = 86_400;

/** @throws OperationError invalid_input that names the field */
export function checkContainerCommand(command: ContainerCommand): void {
  const { vmid, argv, timeoutSeconds, maxOutputBytes = DEFAULT_MAX_OUTPUT_BYTES } = command;
  if (!GRAMMAR.vmid.test(String(vmid))) throw invalid('vmid', `${JSON.stringify(vmid)} is no id of a container`);
  if (argv[0] === undefined || argv[0] === '') throw invalid('argv', 'The command names no program');
  // Something on the way to the program might take it for an option of its own, and the next word for the program.
  if (argv[0].startsWith('-')) throw invalid('argv', 'The name of the program begins like an option');
  if (!Number.isInteger(timeoutSeconds) || timeoutSeconds < 1 || timeoutSeconds > MAX_TIMEOUT_SECONDS) {
    throw invalid('timeout_seconds', `A time limit of ${timeoutSeconds} seconds is not between 1 and ${MAX_TIMEOUT_SECONDS}`);
  }
  if (!Number.isInteger(maxOutputBytes) || maxOutputBytes < 0 || maxOutputBytes > OUTPUT_BYTES_LIMIT) {
    throw invalid('max_output_bytes', `${maxOutputBytes} bytes of output cannot be kept; at most ${OUTPUT_BYTES_LIMIT} can`);
  }
}

/**
 * What the node's shell is asked to run. On the node the guard reaches into the container, as processes there are of the session of the
 * `pct` that started them.
 * @see pve-container PVE/CLI/pct.pm, exec; lxc src/lxc/attach.c, which makes no session where there is no terminal
 */
export function containerCommandLine(settings: SshSettings, command: ContainerCommand): string {
  const { vmid, argv, timeoutSeconds, stdin } = command;
  const pct = [settings.pctPath, 'exec', String(vmid), '--'];
  const guarded = (words: readonly string[]): string[] => guardArgv({ argv: words, timeoutSeconds, stdinBytes: stdin?.byteLength ?? 0 });
  const words = settings.timeoutRunsOn === 'node' ? guarded([...pct, ...argv]) : [...pct, ...guarded(argv)];
  return `exec ${quoteCommand(settings.useSudo ? ['sudo', '-n', ...words] : words)}`;
}

function invalid(field: string, message: string): OperationError {
  return new OperationError('invalid_input', `${message}.`, { details: { field, sent: false } });
}
