import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { CHAIN_START, hashOf, type AuditRecord } from './audit-record.ts';

/** Something in the account that is not as it was written. */
export interface AuditFinding {
  readonly file: string;
  /** 1-based; null when it concerns the file as a whole. */
  readonly line: number | null;
  readonly problem: string;
}

export interface AuditVerdict {
  readonly files: number;
  readonly records: number;
  readonly findings: readonly AuditFinding[];
}

/** Reads every record of a folder again and tells what was changed, removed, reordered or cut off. */
export async function verifyAudit(folder: string): Promise<AuditVerdict> {
  const names = (await readdir(folder)).toSorted();
  const logs = names.filter((name) => /^audit-.*\.jsonl$/.test(name));
  const heads = names.filter((name) => /^audit-.*\.jsonl\.head$/.test(name)).map((name) => name.slice(0, -'.head'.length));
  const findings: AuditFinding[] = heads
    .filter((name) => !logs.includes(name))
    .map((file) => ({ file, line: null, problem: 'the file is missing; only its head is left' }));
  let records = 0;
  let previous: { chainId: string; part: number; seq: number; hash: string } | undefined;

  for (const file of logs) {
    const [, chainId = '', partText = ''] = /^audit-(.*)-(\d{4})\.jsonl$/.exec(file) ?? [];
    const part = Number(partText);
    const continues = previous?.chainId === chainId && previous.part === part - 1;
    if (part > 1 && !continues) findings.push({ file, line: null, problem: `part ${part - 1} of its chain is missing` });
    const known = continues && previous ? previous : part === 1 ? { seq: 0, hash: CHAIN_START } : undefined;
    const read = verifyLines(file, await readFile(join(folder, file), 'utf8'), known);
    records += read.records;
    findings.push(...read.findings, ...(await verifyHead(folder, file, read.last)));
    previous = { chainId, part, ...read.last };
  }
  return { files: logs.length, records, findings };
}

interface Head {
  readonly seq: number;
  readonly hash: string;
}

function verifyLines(file: string, text: string, start: Head | undefined): { records: number; last: Head; findings: AuditFinding[] } {
  const findings: AuditFinding[] = [];
  const lines = text.split('\n');
  if (lines.pop() !== '') findings.push({ file, line: lines.length + 1, problem: 'the last line is cut off' });
  let last = start;
  for (const [index, line] of lines.entries()) {
    const at = { file, line: index + 1 };
    const record = parse(line);
    if (!record) {
      findings.push({ ...at, problem: 'not a record' });
      continue;
    }
    if (hashOf(record) !== record.hash) findings.push({ ...at, problem: 'was changed: its hash does not fit it' });
    // The hash is over what a record says, not over how it is spelt.
    else if (JSON.stringify(record) !== line) findings.push({ ...at, problem: 'was changed: it is not spelt as it was written' });
    if (last && record.prev !== last.hash)
      findings.push({ ...at, problem: 'does not follow the record before it: something was removed, added or moved' });
    else if (last && record.seq !== last.seq + 1)
      findings.push({ ...at, problem: `has number ${record.seq} where ${last.seq + 1} is due` });
    last = { seq: record.seq, hash: record.hash };
  }
  return { records: lines.length, last: last ?? { seq: 0, hash: CHAIN_START }, findings };
}

async function verifyHead(folder: string, file: string, last: Head): Promise<readonly AuditFinding[]> {
  let head: Partial<Head>;
  try {
    head = JSON.parse(await readFile(join(folder, `${file}.head`), 'utf8')) as Partial<Head>;
  } catch {
    return [{ file, line: null, problem: 'its head is missing, so that records cut off at the end would not be noticed' }];
  }
  // A server that was killed between records and their head has written more than its head says, never less.
  if (head.hash === last.hash || (head.seq !== undefined && head.seq < last.seq)) return [];
  return [{ file, line: null, problem: `ends at record ${last.seq}, but ${head.seq ?? 'an unknown number'} were written` }];
}

function parse(line: string): AuditRecord | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? (parsed as AuditRecord) : undefined;
  } catch {
    return undefined;
  }
}
