import { createHash } from 'node:crypto';
import { OperationError } from '../domain/operation-error.ts';
import type { CommandOutput } from './command-output.ts';
import type { ContainerScript } from './container-script.ts';
import { REMOVE_NEW, scriptRefusal, shellScript } from './container-script.ts';
import { checkGuestPath } from './guest-path.ts';

/** A file to be put into a container. */
export interface FileToWrite {
  readonly path: string;
  readonly content: Uint8Array;
  /** Octal, e.g. `0644`; by default that of the file it replaces, else 0644. */
  readonly mode?: string;
  /** Default `replace`. */
  readonly ifExists?: 'replace' | 'refuse';
}

export interface WrittenFile {
  readonly sizeBytes: number;
  /** SHA-256 of the content, in hex. */
  readonly sha256: string;
}

export const MAX_WRITE_BYTES = 16 * 1024 * 1024;

/**
 * Builds the command that writes a file in a container. The content travels on stdin, is counted there, and takes the place of the old
 * file in one step: a cut connection leaves the old one as it was.
 * @throws OperationError invalid_input
 */
export function writeFileCommand({ path, content, mode = '', ifExists = 'replace' }: FileToWrite): ContainerScript {
  checkGuestPath(path);
  if (content.byteLength > MAX_WRITE_BYTES) {
    throw new OperationError('invalid_input', `${content.byteLength} bytes cannot be written at once; at most ${MAX_WRITE_BYTES} can.`, {
      details: { field: 'content', sent: false },
    });
  }
  if (mode !== '' && !/^0?[0-7]{3}$/.test(mode)) {
    throw new OperationError('invalid_input', `${JSON.stringify(mode)} is no mode of a file.`, {
      hint: 'Give three octal digits, e.g. 0644.',
      details: { field: 'mode', sent: false },
    });
  }
  return shellScript(SCRIPT, [path, String(content.byteLength), mode, ifExists], content);
}

/** @throws OperationError when the file was not written */
export function writeFileResult(output: CommandOutput, file: FileToWrite): WrittenFile {
  const path = JSON.stringify(file.path);
  const why = scriptRefusal(output.exitCode, output.stderr);
  if (why === 'exists')
    throw new OperationError('conflict', `There is a file ${path} in the container already.`, { details: { path: file.path } });
  if (why === 'missing')
    throw new OperationError('not_found', `The folder of ${path} does not exist in the container.`, { details: { path: file.path } });
  if (why === 'not-a-file') throw new OperationError('invalid_input', `${path} is no regular file.`, { details: { field: 'path' } });
  if (output.exitCode !== 0 || Buffer.from(output.stdout).toString('latin1') !== 'written\n') {
    throw new OperationError('proxmox_failed', `The file ${path} could not be written.`, {
      hint: 'Check that the container runs and has sh, mktemp and mv, and that its disk is not full.',
      effect: output.exitCode === null || output.timedOut ? 'unknown' : 'none',
      details: { exit_code: output.exitCode, signal: output.signal, timed_out: output.timedOut },
    });
  }
  return { sizeBytes: file.content.byteLength, sha256: createHash('sha256').update(file.content).digest('hex') };
}

const SCRIPT = `set -eu
path=$1 size=$2 mode=$3 if_exists=$4
refuse() { echo "refused: $1" >&2; exit 65; }
folder=\${path%/*}
[ -d "$folder/" ] || refuse missing
if [ -e "$path" ] || [ -L "$path" ]; then
  [ "$if_exists" = replace ] || refuse exists
  [ -f "$path" ] && [ ! -L "$path" ] || refuse not-a-file
fi
umask 077
new=$(mktemp "$folder/.proxmox-mcp-plus.XXXXXX")
${REMOVE_NEW}
if [ -f "$path" ]; then cp -p "$path" "$new"; else chmod 644 "$new"; fi
cat > "$new"
written=$(wc -c < "$new")
[ $((written)) -eq "$size" ] || refuse incomplete
if [ -n "$mode" ]; then chmod "$mode" "$new"; fi
if [ "$if_exists" = refuse ]; then ln "$new" "$path" 2> /dev/null || refuse exists; else mv -f "$new" "$path"; fi
echo written
`;
