import { createHash } from 'node:crypto';
import { OperationError } from '../domain/operation-error.ts';
import type { CommandOutput } from './command-output.ts';
import type { ContainerScript } from './container-script.ts';
import { scriptRefusal, shellScript } from './container-script.ts';
import { checkGuestPath } from './guest-path.ts';

/** A file, or its beginning. */
export interface GuestFile {
  readonly content: Uint8Array;
  /** Size of the whole file when reading began. */
  readonly sizeBytes: number;
  readonly truncated: boolean;
  /** SHA-256 of the content, in hex. */
  readonly sha256: string;
}

/** Bytes read unless a call says otherwise, and the most that it may say. */
export const DEFAULT_READ_BYTES = 1024 * 1024;
export const MAX_READ_BYTES = 16 * 1024 * 1024;
/** Room that `maxOutputBytes` must leave beside the content. */
export const READ_OVERHEAD_BYTES = 64;

/**
 * Builds the command that reads a file in a container: its size on a line of its own, then at most `maxBytes` of it.
 * @throws OperationError invalid_input
 */
export function readFileCommand(path: string, maxBytes = DEFAULT_READ_BYTES): ContainerScript {
  checkGuestPath(path);
  if (!Number.isInteger(maxBytes) || maxBytes < 1 || maxBytes > MAX_READ_BYTES) {
    throw new OperationError('invalid_input', `${maxBytes} bytes cannot be read at once; at most ${MAX_READ_BYTES} can.`, {
      details: { field: 'max_bytes', sent: false },
    });
  }
  return shellScript(SCRIPT, [path, String(maxBytes)]);
}

/** @throws OperationError when there was no such file, or it could not be read */
export function readFileResult(output: CommandOutput, path: string): GuestFile {
  const why = scriptRefusal(output.exitCode, output.stderr);
  if (why === 'missing')
    throw new OperationError('not_found', `There is no file ${JSON.stringify(path)} in the container.`, { details: { path } });
  if (why === 'not-a-file')
    throw new OperationError('invalid_input', `${JSON.stringify(path)} is no regular file.`, { details: { field: 'path' } });
  const end = output.stdout.indexOf(0x0a);
  const size = end < 0 ? '' : Buffer.from(output.stdout.subarray(0, end)).toString('latin1').trim();
  if (output.exitCode !== 0 || output.stdoutTruncated || !/^\d+$/.test(size)) {
    throw new OperationError('proxmox_failed', `The file ${JSON.stringify(path)} could not be read.`, {
      hint: 'Check that the container runs and has sh, wc and head.',
      details: { exit_code: output.exitCode, signal: output.signal, timed_out: output.timedOut },
    });
  }
  const content = output.stdout.subarray(end + 1);
  const sizeBytes = Math.max(Number(size), content.length);
  return { content, sizeBytes, truncated: content.length < sizeBytes, sha256: createHash('sha256').update(content).digest('hex') };
}

const SCRIPT = `set -eu
[ -e "$1" ] || { echo 'refused: missing' >&2; exit 65; }
[ -f "$1" ] || { echo 'refused: not-a-file' >&2; exit 65; }
size=$(wc -c < "$1")
echo $size
head -c "$2" < "$1"
`;
