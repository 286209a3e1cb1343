import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, writeFile, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../domain/clock.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { Secrets } from '../domain/secrets.ts';
import { asError } from '../domain/thrown.ts';
import { withPatience } from './patience.ts';
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
/** Records that may wait for the disk at once. */
const MAX_WAITING = 10_000;

interface Waiting {
  readonly entry: AuditEntry;
  readonly written: () => void;
  readonly failed: (error: Error) => void;
}

/** Opens nothing until the first record. Records that wait while the disk works are written together, with one sync. */
export function createAuditLog({ folder, clock, secrets, maxFileBytes = MAX_FILE_BYTES, withinMs }: AuditLogOptions): AuditLog {
  const chainId = `${clock.now().toISOString().replaceAll(/[:.]/g, '-')}-${process.pid}-${randomBytes(3).toString('hex')}`;
  let head = { seq: 0, hash: CHAIN_START };
  let part = 0;
  let file: { handle: FileHandle; path: string; bytes: number } | undefined;
  let waiting: Waiting[] = [];
  let flushing: Promise<void> | undefined;
  let onTheWay: Promise<void> = Promise.resolve();
  let broken: Error | undefined;

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      try {
        // A batch that came too late may still be on its way to the disk; the next one goes behind it.
        const before = onTheWay;
        onTheWay = before.catch(() => undefined).then(() => append(batch.map(({ entry }) => entry)));
        await withPatience(onTheWay, { clock, withinMs });
        for (const { written } of batch) written();
      } catch (error) {
        const failure = asError(error);
        // Those that came meanwhile wait for the same disk: one limit holds for all.
        const refused = [...batch, ...waiting];
        waiting = [];
        for (const { failed } of refused) failed(failure);
      }
    }
    flushing = undefined;
  }

  async function append(entries: readonly AuditEntry[]): Promise<void> {
    if (broken) throw broken;
    if (file && file.bytes > maxFileBytes) {
      await file.handle.close();
      file = undefined;
    }
    if (file) return write(file, entries);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    part += 1;
    const path = join(folder, `audit-${chainId}-${String(part).padStart(4, '0')}.jsonl`);
    file = { handle: await open(path, 'ax', 0o600), path, bytes: 0 };
    return write(file, [{ event: part === 1 ? 'opened' : 'continued', facts: { part } }, ...entries]);
  }

  async function write(to: NonNullable<typeof file>, entries: readonly AuditEntry[]): Promise<void> {
    let last = head;
    const lines = entries.map((entry) => {
      const record = chain(scrubbed(entry, secrets), last, clock.now().toISOString());
      last = { seq: record.seq, hash: record.hash };
      return `${JSON.stringify(record)}\n`;
    });
    try {
      await to.handle.appendFile(lines.join(''));
      await to.handle.datasync();
      // A file that lost its end is found by comparing it with its head.
      await writeFile(`${to.path}.head.new`, JSON.stringify(last), { mode: 0o600 });
      await rename(`${to.path}.head.new`, `${to.path}.head`);
    } catch (error) {
      // Half a line may be on the disk: nothing may be appended behind it.
      broken = asError(error);
      throw broken;
    }
    head = last;
    to.bytes += lines.reduce((bytes, line) => bytes + Buffer.byteLength(line), 0);
  }

  return {
    async record(entry) {
      if (waiting.length >= MAX_WAITING) throw notWritten(folder, new Error(`${waiting.length} records wait`));
      try {
        await new Promise<void>((written, failed) => {
          waiting.push({ entry, written, failed });
          flushing ??= flush();
        });
      } catch (error) {
        throw notWritten(folder, error);
      }
    },
    async close() {
      await flushing;
      await file?.handle.close();
      file = undefined;
    },
  };
}

/** What the server itself says of a record stays legible, even where somebody's secret is one of these words. */
function scrubbed(entry: AuditEntry, secrets: Secrets): AuditEntry {
  const { event, surface, operation, job_id } = entry;
  const ours = JSON.parse(JSON.stringify({ event, surface, operation, job_id })) as Partial<AuditEntry>;
  return { ...secrets.scrubTexts(entry), ...ours };
}

function notWritten(folder: string, cause: unknown): OperationError {
  return new OperationError('internal', 'The audit log cannot be written, so nothing was sent.', {
    hint: `Make room on the disk of ${folder} or mend its permissions, then restart the server. Reading goes on meanwhile.`,
    details: { reason: 'audit_unavailable' },
    cause,
  });
}
