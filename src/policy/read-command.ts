import { holdsInvisible } from '../domain/invisible.ts';
import { verdict } from './command-verdict.ts';
import type { Verdict } from './decision.ts';
import type { PolicyRequest } from './request.ts';
import { COMMAND_LENGTH_MAX, splitWords } from '../domain/shell-words.ts';

/** Most words a command may have. */
const COMMAND_WORDS_MAX = 1_000;

/** The argv that a command stands for, or the verdict that it stands for none. */
export function readCommand(command: PolicyRequest['command']): { readonly argv: readonly string[] } | Verdict {
  if (typeof command === 'string') {
    const split = splitWords(command);
    if (!split.ok) return verdict('deny', 'CMD_POLICY_NOT_ALLOWLISTED', 'command-syntax', split.message, split.hint);
    return readCommand(split.words);
  }
  const [program] = command ?? [];
  if (command === undefined || program === undefined)
    return verdict('deny', 'CMD_POLICY_EMPTY', 'command-empty', 'The command is empty.', 'Name a program.');
  if (command.length > COMMAND_WORDS_MAX || command.reduce((sum, word) => sum + word.length + 1, 0) > COMMAND_LENGTH_MAX) {
    return verdict(
      'deny',
      'CMD_POLICY_NOT_ALLOWLISTED',
      'command-form',
      `The command is longer than ${COMMAND_WORDS_MAX} words or ${COMMAND_LENGTH_MAX} characters.`,
    );
  }
  if (program.trim() === '' || holdsInvisible(program))
    return verdict(
      'deny',
      'CMD_POLICY_NOT_ALLOWLISTED',
      'command-form',
      'The name of the program is blank or holds characters that cannot be seen.',
    );
  if (command.some((word) => word.includes('\0') || !word.isWellFormed())) {
    return verdict(
      'deny',
      'CMD_POLICY_NOT_ALLOWLISTED',
      'command-form',
      'An argument holds a NUL character or half a character, which no program can be given.',
    );
  }
  return { argv: command };
}
