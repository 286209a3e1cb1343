import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { AuditRecord } from './audit-record.ts';

/** Which records are wanted; a time is ISO 8601, compared as text. */
export interface AuditFilter {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly event?: string | undefined;
  readonly operation?: string | undefined;
  readonly principal?: string | undefined;
  readonly jobId?: string | undefined;
}

/** Every record of a folder that is wanted, file by file in the order of their names. Lines that are no record are left to `verifyAudit`. */
export async function* readAudit(folder: string, filter: AuditFilter = {}): AsyncGenerator<AuditRecord> {
  const files = (await readdir(folder)).filter((name) => /^audit-.*\.jsonl$/.test(name)).toSorted();
  for (const file of files) {
    const stream = createReadStream(join(folder, file), 'utf8');
    try {
      for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
        const record = parse(line);
        if (record && isWanted(record, filter)) yield record;
      }
    } finally {
      stream.destroy();
    }
  }
}

/** The newest records that are wanted, oldest of them first. */
export async function tailAudit(folder: string, count: number, filter: AuditFilter = {}): Promise<readonly AuditRecord[]> {
  let newest: AuditRecord[] = [];
  for await (const record of readAudit(folder, filter)) {
    newest.push(record);
    // Several servers write files of their own side by side, so the end of one file is not the end of all.
    if (newest.length > 4 * count + 1000) newest = newestOf(newest, count);
  }
  return newestOf(newest, count);
}

function newestOf(records: readonly AuditRecord[], count: number): AuditRecord[] {
  return records.toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.seq - b.seq)).slice(-count);
}

function isWanted({ at, event, operation, principal, job_id: jobId }: AuditRecord, filter: AuditFilter): boolean {
  return (
    (filter.from === undefined || at >= filter.from) &&
    (filter.to === undefined || at <= filter.to) &&
    (filter.event === undefined || event === filter.event) &&
    (filter.operation === undefined || operation === filter.operation) &&
    (filter.principal === undefined || principal === filter.principal) &&
    (filter.jobId === undefined || jobId === filter.jobId)
  );
}

function parse(line: string): AuditRecord | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null && 'seq' in parsed ? (parsed as AuditRecord) : undefined;
  } catch {
    return undefined;
  }
}
