/** What a failed call did to the cluster. `unknown` is said whenever it cannot be ruled out that something happened. */
export type Effect = 'none' | 'applied' | 'unknown';

interface ErrorClass {
  readonly httpStatus: number;
  readonly exitCode: number;
  /** True when the same call may succeed later without anything being changed by the caller. */
  readonly transient: boolean;
}

/** One table for every surface: what an error code means as HTTP status and as exit code of the CLI. */
export const ERROR_CLASSES = {
  invalid_input: { httpStatus: 422, exitCode: 2, transient: false },
  unauthenticated: { httpStatus: 401, exitCode: 3, transient: false },
  denied: { httpStatus: 403, exitCode: 4, transient: false },
  missing_privilege: { httpStatus: 403, exitCode: 4, transient: false },
  not_found: { httpStatus: 404, exitCode: 5, transient: false },
  conflict: { httpStatus: 409, exitCode: 6, transient: false },
  rate_limited: { httpStatus: 429, exitCode: 7, transient: true },
  internal: { httpStatus: 500, exitCode: 1, transient: false },
  proxmox_failed: { httpStatus: 502, exitCode: 8, transient: false },
  proxmox_unreachable: { httpStatus: 503, exitCode: 9, transient: true },
  timeout: { httpStatus: 504, exitCode: 10, transient: true },
} as const satisfies Record<string, ErrorClass>;

export type ErrorCode = keyof typeof ERROR_CLASSES;

export interface OperationErrorOptions {
  /** What to do next, in one sentence. */
  readonly hint?: string | undefined;
  /** Default `none`. */
  readonly effect?: Effect;
  /** Facts for programs: field, job_id, node, … Never a secret. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error that crosses rooms: what is wrong with which value, what to do next, and whether anything happened. */
export class OperationError extends Error {
  override readonly name = 'OperationError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly effect: Effect;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: OperationErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.effect = options.effect ?? 'none';
    this.details = options.details ?? {};
  }

  /** The same error with another statement of what happened. */
  withEffect(effect: Effect): OperationError {
    const { hint, details, cause } = this;
    return new OperationError(this.code, this.message, { hint, details, cause, effect });
  }
}

/** Turns anything thrown into an OperationError; a stranger becomes `internal` and keeps its cause for the log. */
export function toOperationError(thrown: unknown): OperationError {
  if (thrown instanceof OperationError) return thrown;
  return new OperationError('internal', 'The server failed while handling this call.', {
    hint: 'This is a fault of the server. Its log holds the details under the same request id.',
    effect: 'unknown',
    cause: thrown,
  });
}
