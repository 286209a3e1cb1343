import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../domain/clock.ts';

/** What a command prints to. */
export const OUTPUT_STREAMS = ['stdout', 'stderr'] as const;
export type OutputStream = (typeof OUTPUT_STREAMS)[number];

/** A part of an output that is kept. Offsets are bytes of its UTF-8. */
export interface OutputPart {
  readonly text: string;
  readonly offset: number;
  /** Where the next part begins; null after the last one. */
  readonly nextOffset: number | null;
  readonly keptBytes: number;
}

/** Outputs of jobs that are too long for the job's own record, kept beside the store for a while. */
export interface KeptOutputs {
  /**
   * Keeps a text that is fit to be shown, in place of an earlier one of the same job. Answers its bytes, 0 when it could not be kept:
   * a command that has run does not fail for that.
   */
  keep(jobId: string, stream: OutputStream, text: string): Promise<number>;
  /** Undefined when it is not kept, or no longer. */
  read(jobId: string, stream: OutputStream, range: { readonly offset: number; readonly limit: number }): Promise<OutputPart | undefined>;
}

/** How much is kept. The oldest go first. */
export interface KeptBounds {
  readonly files: number;
  readonly totalBytes: number;
  readonly ageMs: number;
}

export interface KeptOutputsOptions {
  /** Made with the first output, for this user alone. Several servers may share it. */
  readonly folder: string;
  readonly clock: Pick<Clock, 'now'>;
  readonly bounds?: KeptBounds;
  onFault(error: unknown): void;
}

export const KEPT_BOUNDS: KeptBounds = { files: 200, totalBytes: 64 * 1024 * 1024, ageMs: 7 * 86_400_000 };
/** Bytes that the last character of a part may have beyond its first. */
const ENDS_WITHIN_BYTES = 3;
const UNFINISHED = '.part';

/** One file for each output, written aside and then named, so that none is ever read half. */
export function createKeptOutputs({ folder, clock, bounds = KEPT_BOUNDS, onFault }: KeptOutputsOptions): KeptOutputs {
  let last: Promise<unknown> = Promise.resolve();

  async function write(path: string, bytes: Uint8Array): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await rm(`${path}${UNFINISHED}`, { force: true });
    const file = await open(`${path}${UNFINISHED}`, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
    } finally {
      await file.close();
    }
    await rename(`${path}${UNFINISHED}`, path);
    await prune();
  }

  async function prune(): Promise<void> {
    const found = await Promise.all(
      (await readdir(folder)).map(async (name) => {
        const path = join(folder, name);
        // Another server may have taken it away meanwhile.
        const { size, mtimeMs } = await stat(path).catch(() => ({ size: 0, mtimeMs: 0 }));
        return { path, size, mtimeMs };
      }),
    );
    let bytes = 0;
    for (const [index, { path, size, mtimeMs }] of found.toSorted((a, b) => b.mtimeMs - a.mtimeMs).entries()) {
      bytes += size;
      if (index >= bounds.files || bytes > bounds.totalBytes || isOld(mtimeMs)) await rm(path, { force: true });
    }
  }

  function isOld(mtimeMs: number): boolean {
    return clock.now().getTime() - mtimeMs > bounds.ageMs;
  }

  return {
    async keep(jobId, stream, text) {
      const bytes = Buffer.from(text);
      // One after the other: each looks at what the others have left.
      const written = last.then(() => write(pathOf(folder, jobId, stream), bytes));
      last = written.catch(() => undefined);
      try {
        await written;
        return bytes.length;
      } catch (error) {
        onFault(error);
        return 0;
      }
    },
    async read(jobId, stream, { offset, limit }) {
      const file = await open(pathOf(folder, jobId, stream), 'r').catch(() => undefined);
      if (!file) return undefined;
      try {
        const { size, mtimeMs } = await file.stat();
        if (isOld(mtimeMs)) return undefined;
        const bytes = Buffer.alloc(Math.max(0, Math.min(limit + ENDS_WITHIN_BYTES, size - offset)));
        const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
        return partOf(bytes.subarray(0, bytesRead), { offset, limit, keptBytes: size });
      } finally {
        await file.close();
      }
    },
  };
}

/**
 * Whole characters only: a part that would begin within one begins after it, and one that would end within one ends before it.
 * @param bytes those from `offset` on
 */
export function partOf(
  bytes: Uint8Array,
  { offset, limit, keptBytes }: { readonly offset: number; readonly limit: number; readonly keptBytes: number },
): OutputPart {
  let from = 0;
  while (from < bytes.length && isWithinCharacter(bytes, from)) from += 1;
  let to = Math.min(from + limit, bytes.length);
  while (to > from && offset + to < keptBytes && isWithinCharacter(bytes, to)) to -= 1;
  const end = offset + to;
  return {
    text: Buffer.from(bytes.subarray(from, to)).toString('utf8'),
    offset: offset + from,
    nextOffset: end < keptBytes ? end : null,
    keptBytes,
  };
}

function isWithinCharacter(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80;
}

function pathOf(folder: string, jobId: string, stream: OutputStream): string {
  if (!/^[\w-]{1,64}$/.test(jobId)) throw new Error(`${JSON.stringify(jobId)} is no id of a job`);
  return join(folder, `${jobId}.${stream}.txt`);
}
