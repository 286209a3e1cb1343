import { OperationError } from '../domain/operation-error.ts';

/** The same error, told of the argument by which the caller named the thing. Whatever else was thrown stays as it is. */
export function ofField(thrown: unknown, field: string, hint?: string): unknown {
  if (!(thrown instanceof OperationError)) return thrown;
  return new OperationError(thrown.code, thrown.message, {
    hint: hint ?? thrown.hint,
    effect: thrown.effect,
    details: { ...thrown.details, field },
    cause: thrown,
  });
}
