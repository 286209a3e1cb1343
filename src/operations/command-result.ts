import { createHash } from 'node:crypto';
import type { Facts } from '../domain/plan.ts';
import { showOutput } from '../domain/visible-output.ts';
import type { CommandOutput } from '../exec/command-output.ts';

/** Text of each stream that a job keeps and a caller is told, in bytes of UTF-8. */
export const OUTPUT_SHOWN_BYTES = 64 * 1024;

/** Takes secrets of the server out of text. */
export type Scrub = (text: string) => string;

/**
 * What a command came to, as facts of a job: its end, the beginning of what it printed, made visible, and size and SHA-256 of all of
 * it.
 */
export function commandResult(output: CommandOutput, scrub: Scrub): Facts {
  const { stdoutBytes, stderrBytes, stdoutSha256, stderrSha256 } = output;
  return {
    exit_code: output.exitCode,
    signal: output.signal,
    timed_out: output.timedOut,
    duration_ms: output.durationMs,
    ...streamFacts('stdout', output.stdout, { bytes: stdoutBytes, sha256: stdoutSha256, isCut: output.stdoutTruncated }, scrub),
    ...streamFacts('stderr', output.stderr, { bytes: stderrBytes, sha256: stderrSha256, isCut: output.stderrTruncated }, scrub),
  };
}

interface StreamSize {
  readonly bytes: number;
  readonly sha256: string;
  readonly isCut: boolean;
}

function streamFacts(name: 'stdout' | 'stderr', kept: Uint8Array, { bytes, sha256, isCut }: StreamSize, scrub: Scrub): Facts {
  const cut = isCut || kept.length > OUTPUT_SHOWN_BYTES;
  const shown = showOutput(kept.subarray(0, OUTPUT_SHOWN_BYTES), OUTPUT_SHOWN_BYTES, cut);
  return {
    [name]: scrub(shown.text),
    [`${name}_bytes`]: bytes,
    [`${name}_sha256`]: sha256,
    [`${name}_truncated`]: cut || shown.shortened,
    [`${name}_invalid_utf8`]: shown.invalidUtf8,
  };
}

/** SHA-256 in hex. */
export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
