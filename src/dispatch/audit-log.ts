import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../domain/clock.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { Secrets } from '../domain/secrets.ts';
import { CHAIN_START, chain, type AuditEntry } from './audit-record.ts';

/** The append-only account of what was decided, sent and came of it. */
export interface AuditLog {
  /**
   * Resolves once the record is on the disk.
   * @throws OperationError `internal`, effect none, when it cannot be written in time: then nothing may be sent
   */
  record(entry: AuditEntry): Promise<void>;
  close(): Promise<void>;
}

export interface AuditLogOptions {
  /** Each server writes files of its own here, so that several may share the folder. */
  readonly folder: string;
  readonly clock: Clock;
  readonly secrets: Secrets;
  /** A file that grows past this is continued in another one. */
  readonly maxFileBytes?: number;
  /** A disk that is slower than this counts as broken. */
  readonly withinMs: number;
}

const MAX_FILE_BYTES = 16 * 1024 * 1024;

/** Opens nothing until the first record. */
export function createAuditLog({ folder, clock, secrets, maxFileBytes = MAX_FILE_BYTES, withinMs }: AuditLogOptions): AuditLog {
  const chainId = `${clock.now().toISOString().replaceAll(/[:.]/g, '-')}-${process.pid}-${randomBytes(3).toString('hex')}`;
  let head = { seq: 0, hash: CHAIN_START };
  let part = 0;
  let file: { handle: FileHandle; path: string; bytes: number } | undefined;
  let queue: Promise<void> = Promise.resolve();
  let broken: Error | undefined;

  async function append(entry: AuditEntry): Promise<void> {
    if (broken) throw broken;
    if (file && file.bytes > maxFileBytes) {
      await file.handle.close();
      file = undefined;
    }
    if (!file) {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      part += 1;
      const path = join(folder, `audit-${chainId}-${String(part).padStart(4, '0')}.jsonl`);
      file = { handle: await open(path, 'ax', 0o600), path, bytes: 0 };
      await write(file, { event: part === 1 ? 'opened' : 'continued', facts: { part } });
    }
    await write(file, entry);
  }

  async function write(to: NonNullable<typeof file>, entry: AuditEntry): Promise<void> {
    const record = chain(scrubbed(entry, secrets), head, clock.now().toISOString());
    const line = `${JSON.stringify(record)}\n`;
    try {
      await to.handle.appendFile(line);
      await to.handle.datasync();
      // A file that lost its end is found by comparing it with its head.
      await writeFile(`${to.path}.head.new`, JSON.stringify({ seq: record.seq, hash: record.hash }), { mode: 0o600 });
      await rename(`${to.path}.head.new`, `${to.path}.head`);
    } catch (error) {
      // Half a line may be on the disk: nothing may be appended behind it.
      broken = error instanceof Error ? error : new Error(String(error));
      throw error;
    }
    head = { seq: record.seq, hash: record.hash };
    to.bytes += Buffer.byteLength(line);
  }

  return {
    async record(entry) {
      const written = queue.then(() => append(entry));
      queue = written.catch(() => undefined);
      const late = new AbortController();
      const outcome = await Promise.race([
        written.then(() => 'written' as const).catch((error: unknown) => ({ error })),
        clock.sleep(withinMs, late.signal).then(() => ({ error: new Error(`not written within ${withinMs} ms`) })),
      ]);
      late.abort();
      if (outcome !== 'written') throw notWritten(folder, outcome.error);
    },
    async close() {
      await queue;
      await file?.handle.close();
      file = undefined;
    },
  };
}

function scrubbed(entry: AuditEntry, secrets: Secrets): AuditEntry {
  return JSON.parse(secrets.scrub(JSON.stringify(entry))) as AuditEntry;
}

function notWritten(folder: string, cause: unknown): OperationError {
  return new OperationError('internal', 'The audit log cannot be written, so nothing was sent.', {
    hint: `Make room on the disk of ${folder} or mend its permissions, then restart the server. Reading goes on meanwhile.`,
    details: { reason: 'audit_unavailable' },
    cause,
  });
}
