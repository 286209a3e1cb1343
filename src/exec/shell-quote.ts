import { OperationError } from '../domain/operation-error.ts';

/** Linux refuses a single argument of 128 KiB or more, and sshd hands the whole command line to the shell as one. */
const MAX_COMMAND_LINE_BYTES = 127 * 1024;

/**
 * One word for a POSIX shell, in single quotes: the only place that quotes anything for a remote shell.
 * @throws OperationError invalid_input for text that no argument can carry (NUL, half a surrogate pair)
 */
function quoteWord(word: string): string {
  if (word.includes('\0')) throw unsendable('a NUL character');
  if (!word.isWellFormed()) throw unsendable('half of a surrogate pair, which is no Unicode text');
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * A command line that a POSIX shell splits back into exactly these words.
 * @throws OperationError invalid_input when it is empty, cannot be quoted, or is longer than Linux accepts
 */
export function quoteCommand(argv: readonly string[]): string {
  if (argv.length === 0) throw new OperationError('invalid_input', 'The command is empty.', { details: { field: 'argv', sent: false } });
  const line = argv.map(quoteWord).join(' ');
  const bytes = Buffer.byteLength(line);
  if (bytes > MAX_COMMAND_LINE_BYTES) {
    throw new OperationError(
      'invalid_input',
      `The command is ${bytes} bytes long; at most ${MAX_COMMAND_LINE_BYTES} fit on a command line.`,
      {
        hint: 'Send long data on stdin.',
        details: { field: 'argv', sent: false },
      },
    );
  }
  return line;
}

function unsendable(what: string): OperationError {
  return new OperationError('invalid_input', `An argument of the command holds ${what}.`, {
    hint: 'Send such data on stdin.',
    details: { field: 'argv', sent: false },
  });
}
