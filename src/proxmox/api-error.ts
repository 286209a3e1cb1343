import type { OperationError } from '../domain/operation-error.ts';

/**
 * What is known about a request that did not end well.
 * - `not_sent`: no byte of it was written. - `refused`: Proxmox said no before doing anything.
 * - `refused_again`: the same, and the very same request may be sent again. - `in_doubt`: it may have been carried out.
 */
export type FailureClass = 'not_sent' | 'refused' | 'refused_again' | 'in_doubt';

/** A failed request to Proxmox: the error for the caller, and what it proves about the request. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly failure: FailureClass;
  readonly error: OperationError;

  constructor(failure: FailureClass, error: OperationError) {
    super(error.message, { cause: error });
    this.failure = failure;
    this.error = error;
  }
}
