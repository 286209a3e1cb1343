/** What a command did and said. Text is bytes: nothing is assumed of its encoding. */
export interface CommandOutput {
  /** Null when a signal ended it or its end was not seen. */
  readonly exitCode: number | null;
  /** e.g. `SIGKILL`; null when it exited. */
  readonly signal: string | null;
  /** True when it was ended because its time was over. */
  readonly timedOut: boolean;
  /** The first bytes, up to the cap. */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** All bytes that came, kept or not. */
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  readonly stdoutTruncated: boolean;
  readonly stderrTruncated: boolean;
  /** SHA-256 of all bytes that came, in hex. */
  readonly stdoutSha256: string;
  readonly stderrSha256: string;
  readonly durationMs: number;
}

/** Bytes of each stream that are kept unless a call says otherwise. */
export const DEFAULT_MAX_OUTPUT_BYTES = 1024 * 1024;
/** Bytes of each stream that a call may ask to keep. */
export const OUTPUT_BYTES_LIMIT = 64 * 1024 * 1024;
