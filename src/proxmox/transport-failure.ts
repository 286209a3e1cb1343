/** There was no complete answer. `written` tells whether the first byte of the request may have left. */
export class TransportFailure extends Error {
  override readonly name = 'TransportFailure';
  readonly written: boolean;
  override readonly cause: Error;

  constructor(cause: Error, written: boolean) {
    super(cause.message, { cause });
    this.cause = cause;
    // These two stop a request that undici has taken but not yet written.
    this.written = written && !(cause instanceof SendDeadlinePassed);
  }
}

/** The moment after which a write may no longer begin came before its connection was ready. */
export class SendDeadlinePassed extends Error {
  override readonly name = 'SendDeadlinePassed';
}

export class ResponseTooLarge extends Error {
  override readonly name = 'ResponseTooLarge';
  readonly maxBytes: number;

  constructor(maxBytes: number) {
    super(`the answer is larger than ${maxBytes} bytes`);
    this.maxBytes = maxBytes;
  }
}
