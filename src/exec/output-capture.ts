import { createHash } from 'node:crypto';

/** The beginning of a stream, and the length and hash of all of it. */
interface CapturedOutput {
  readonly bytes: Uint8Array;
  readonly totalBytes: number;
  readonly truncated: boolean;
  readonly sha256: string;
}

/** Takes a whole stream and keeps only its beginning in memory. */
export interface OutputCapture {
  write(chunk: Uint8Array): void;
  /** What was taken until now; whatever is written later is dropped. */
  finish(): CapturedOutput;
}

const FIRST_BYTES = 8192;

/** Creates a capture that keeps at most `maxBytes`. */
export function createOutputCapture(maxBytes: number): OutputCapture {
  const hash = createHash('sha256');
  // One buffer that grows, not a list of chunks: a command that prints byte by byte must not cost an object for each.
  let kept = Buffer.alloc(Math.min(maxBytes, FIRST_BYTES));
  let keptBytes = 0;
  let totalBytes = 0;
  let finished = false;
  return {
    write(chunk) {
      if (finished) return;
      totalBytes += chunk.length;
      hash.update(chunk);
      const part = chunk.subarray(0, maxBytes - keptBytes);
      if (part.length === 0) return;
      if (keptBytes + part.length > kept.length) {
        const larger = Buffer.alloc(Math.min(maxBytes, Math.max(2 * kept.length, keptBytes + part.length)));
        kept.copy(larger, 0, 0, keptBytes);
        kept = larger;
      }
      kept.set(part, keptBytes);
      keptBytes += part.length;
    },
    finish() {
      finished = true;
      return { bytes: kept.subarray(0, keptBytes), totalBytes, truncated: totalBytes > keptBytes, sha256: hash.digest('hex') };
    },
  };
}
