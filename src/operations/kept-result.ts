import { setImmediate } from 'node:timers/promises';
import type { Facts } from '../domain/plan.ts';
import { showOutput } from '../domain/visible-output.ts';
import type { CommandOutput } from '../exec/command-output.ts';
import { OUTPUT_STREAMS } from '../jobs/kept-outputs.ts';
import { commandResult } from './command-result.ts';
import type { JobWays } from './command-ways.ts';

/** Bytes of each stream that are kept beyond what a job tells. */
export const OUTPUT_KEPT_BYTES = 1024 * 1024;
/** Bytes made visible at once: a guest decides what they are, and other calls wait meanwhile. */
const SLICE_BYTES = 64 * 1024;

/**
 * What a command came to, as facts of its job. Of a stream that is longer than a job tells, the first `OUTPUT_KEPT_BYTES` are kept
 * apart, as visible and as free of secrets as what is told; `*_kept_bytes` says how much, 0 when it could not be kept.
 */
export async function keptResult({ scrub, keep }: Pick<JobWays, 'scrub' | 'keep'>, output: CommandOutput): Promise<Facts> {
  const facts = commandResult(output, scrub);
  const kept: Record<string, number> = {};
  for (const stream of OUTPUT_STREAMS) {
    if (facts[`${stream}_truncated`] !== true) continue;
    const isCut = output[`${stream}Truncated`] || output[stream].length > OUTPUT_KEPT_BYTES;
    const text = await visibleText(output[stream].subarray(0, OUTPUT_KEPT_BYTES), isCut);
    kept[`${stream}_kept_bytes`] = await keep(stream, scrub(text));
  }
  return { ...facts, ...kept };
}

/** The same text as from one piece, made in slices that end between characters. */
async function visibleText(bytes: Uint8Array, isCut: boolean): Promise<string> {
  const parts: string[] = [];
  let room = OUTPUT_KEPT_BYTES;
  for (let from = 0; from < bytes.length;) {
    const to = endOfSlice(bytes, from);
    const shown = showOutput(bytes.subarray(from, to), room, isCut && to === bytes.length);
    parts.push(shown.text);
    if (shown.shortened) break;
    room -= Buffer.byteLength(shown.text);
    from = to;
    await setImmediate();
  }
  return parts.join('');
}

/** An end that parts neither the bytes of a character nor a carriage return from its line feed. */
function endOfSlice(bytes: Uint8Array, from: number): number {
  let to = from + SLICE_BYTES;
  if (to >= bytes.length) return bytes.length;
  for (let back = 0; back < 3 && ((bytes[to] ?? 0) & 0xc0) === 0x80; back += 1) to -= 1;
  return bytes[to] === 0x0a && bytes[to - 1] === 0x0d ? to - 1 : to;
}
