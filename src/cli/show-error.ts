import { showJson } from '../domain/untrusted-text.ts';
import { ERROR_CLASSES, type OperationError } from '../domain/operation-error.ts';
import type { Terminal } from './terminal.ts';

/** Tells an error on standard error: the cause first, then what to do. Returns the exit code that belongs to it. */
export function showError(error: OperationError, terminal: Terminal, isJson: boolean): number {
  const { code, message, hint = null, effect, details } = error;
  if (isJson) terminal.err(`${showJson({ error: { code, message, hint, effect, details } })}\n`);
  else {
    terminal.err(`${message}\n`);
    if (hint !== null && hint !== '') terminal.err(`${hint}\n`);
    if (effect === 'unknown') terminal.err('It is not known whether anything happened: look before repeating it.\n');
    else if (effect === 'applied') terminal.err('It has taken effect.\n');
  }
  return ERROR_CLASSES[code].exitCode;
}
