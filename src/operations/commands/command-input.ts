import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { COMMAND_LENGTH_MAX, splitWords } from '../../domain/shell-words.ts';

const ARGUMENTS_MAX = 1000;
const TIMEOUT_DEFAULT_SECONDS = 60;
const TIMEOUT_MAX_SECONDS = 3600;
/** Characters of stdin; the agent's bound in bytes is checked apart. */
const STDIN_MAX = 65_536;

/** Arguments that every operation has that runs a command. */
export const commandFields = {
  command: z.string().max(COMMAND_LENGTH_MAX).optional().describe('One program, quoted as for sh; no shell: no pipes, $, *.'),
  argv: z.array(z.string().max(COMMAND_LENGTH_MAX)).max(ARGUMENTS_MAX).optional().describe('Instead of command.'),
  stdin: z.string().max(STDIN_MAX).optional().describe('Text for its standard input.'),
  timeout_seconds: z.int().min(1).max(TIMEOUT_MAX_SECONDS).default(TIMEOUT_DEFAULT_SECONDS).describe('How long the command may run.'),
};

interface CommandInput {
  readonly command?: string | undefined;
  readonly argv?: readonly string[] | undefined;
}

/**
 * The one argv of a call: what is judged, sent and audited.
 * @throws OperationError `invalid_input` when there is none, or the text is more than the words of one program
 */
export function argvOf({ command, argv }: CommandInput): readonly string[] {
  if ((command === undefined) === (argv === undefined)) {
    throw invalid(
      'command',
      command === undefined ? 'There is no command.' : 'Both command and argv are given.',
      'Give one of command and argv.',
    );
  }
  const words = argv ?? wordsOf(command ?? '');
  const [program] = words;
  if (program === undefined || program.trim() === '') throw invalid('command', 'The command is empty.', 'Name a program.');
  if (program.startsWith('-')) throw invalid('argv', 'The name of the program begins like an option.', 'Start with the name of a program.');
  const broken = words.find((word) => word.includes('\0') || !word.isWellFormed());
  if (broken !== undefined)
    throw invalid('argv', 'An argument holds a NUL or half a character, which no program can be given.', 'Pass such data on stdin.');
  if (words.reduce((sum, word) => sum + word.length + 1, 0) > COMMAND_LENGTH_MAX) {
    throw invalid('argv', `The arguments are longer than ${COMMAND_LENGTH_MAX} characters.`, 'Pass the data on stdin.');
  }
  return words;
}

/** What a job of a command is called: short, on one line. */
export function commandLabel({ command, argv }: CommandInput): string {
  const text = command ?? (argv ?? []).join(' ');
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text).replace(/[^\x20-\x7e…]/g, '?');
}

export function stdinOf({ stdin }: { readonly stdin?: string | undefined }): { readonly stdin?: Uint8Array } {
  return stdin === undefined ? {} : { stdin: Buffer.from(stdin, 'utf8') };
}

function wordsOf(command: string): readonly string[] {
  const split = splitWords(command);
  if (!split.ok) {
    throw new OperationError('invalid_input', `The command is not the words of one program: ${split.message}`, {
      hint: split.hint,
      details: { field: 'command', position: split.position, character: split.character },
    });
  }
  // In a line as for sh, a backslash outside quotes vanishes.
  if (split.words.some((word) => /^[A-Za-z]:[^\\/]/.test(word) && command.includes(`${word.slice(0, 2)}\\`))) {
    throw invalid('command', 'The backslashes of a Windows path are not quoted.', 'Put the path in single quotes, or give argv.');
  }
  return split.words;
}

function invalid(field: string, message: string, hint: string): OperationError {
  return new OperationError('invalid_input', message, { hint, details: { field } });
}
