import { OperationError } from '../domain/operation-error.ts';
import { systemCode, systemReason } from '../domain/thrown.ts';
import { showJson, showUntrusted } from '../domain/untrusted-text.ts';
import type { AuditRecord } from '../dispatch/audit-record.ts';
import { readAudit, tailAudit, type AuditFilter } from '../dispatch/read-audit.ts';
import { verifyAudit } from '../dispatch/verify-audit.ts';
import type { Command, Flags, Invocation } from '../cli/command.ts';
import { readConfig } from './read-config.ts';
import { auditFolder } from './state-paths.ts';

const FOLDER: Flags = {
  folder: { type: 'string', placeholder: 'FOLDER', summary: 'Another folder than the configured one, e.g. a copy.' },
};
const FILTER: Flags = {
  ...FOLDER,
  from: { type: 'string', placeholder: 'TIME', summary: 'Not before: 2030-12-31 or 2030-12-31T12:00:00Z, in UTC.' },
  to: { type: 'string', placeholder: 'TIME', summary: 'Not after.' },
  event: { type: 'string', summary: 'Only this kind: decision, approval, intent, outcome, cancel, retry, resolution, key_change.' },
  operation: { type: 'string', summary: 'Only this operation.' },
  principal: { type: 'string', summary: 'Only this principal.' },
  job: { type: 'string', summary: 'Only this job.' },
};
const TAMPERED = 1;

/** The account of what was decided, approved, sent and came of it. */
export const auditCommands: readonly Command[] = [
  {
    name: 'audit verify',
    summary: 'find records that were changed, removed, reordered or cut off; exits with 1 when there are any',
    flags: FOLDER,
    async run(invocation) {
      const { flags, terminal } = invocation;
      const folder = folderOf(invocation);
      const verdict = await reading(folder, () => verifyAudit(folder));
      if (flags['json'] === true) terminal.out(`${showJson({ folder, ...verdict }, 2)}\n`);
      else {
        for (const { file, line, problem } of verdict.findings) terminal.out(`${file}${line === null ? '' : `:${line}`}: ${problem}\n`);
        const found = verdict.findings.length === 0 ? 'nothing was changed' : `${verdict.findings.length} findings`;
        terminal.out(`${verdict.records} records in ${verdict.files} files: ${found}.\n`);
      }
      return verdict.findings.length === 0 ? 0 : TAMPERED;
    },
  },
  {
    name: 'audit tail',
    summary: 'the newest records, one per line',
    flags: { ...FILTER, lines: { type: 'integer', summary: 'How many; 20 by default.' } },
    async run(invocation) {
      const { flags, terminal } = invocation;
      const folder = folderOf(invocation);
      const count = typeof flags['lines'] === 'number' ? Math.min(10_000, Math.max(1, flags['lines'])) : 20;
      const records = await reading(folder, () => tailAudit(folder, count, filterOf(invocation)));
      if (flags['json'] === true) terminal.out(`${showJson(records, 2)}\n`);
      else if (records.length === 0) terminal.out('No records.\n');
      else for (const record of records) terminal.out(`${lineOf(record)}\n`);
      return 0;
    },
  },
  {
    name: 'audit export',
    summary: 'all records as JSON lines on standard output',
    flags: FILTER,
    answersJson: false,
    async run(invocation) {
      const folder = folderOf(invocation);
      await reading(folder, async () => {
        for await (const record of readAudit(folder, filterOf(invocation))) invocation.terminal.out(`${showJson(record)}\n`);
      });
      return 0;
    },
  },
];

function folderOf({ flags, environment }: Invocation): string {
  const { folder } = flags;
  return typeof folder === 'string' ? folder : auditFolder(readConfig(environment).config.audit.folder, environment);
}

function filterOf({ flags }: Invocation): AuditFilter {
  const text = (name: string): string | undefined => (typeof flags[name] === 'string' ? flags[name] : undefined);
  const to = text('to');
  return {
    from: text('from'),
    // A day ends with its last record.
    to: to !== undefined && /^\d{4}-\d\d-\d\d$/.test(to) ? `${to}T23:59:59.999Z` : to,
    event: text('event'),
    operation: text('operation'),
    principal: text('principal'),
    jobId: text('job'),
  };
}

async function reading<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OperationError) throw error;
    if (systemCode(error) === 'ENOENT') {
      throw new OperationError('not_found', `There is no audit log at ${folder}.`, {
        hint: 'It begins with the first write. Name another folder with --folder.',
      });
    }
    throw new OperationError('internal', `The audit log at ${folder} cannot be read: ${systemReason(error)}.`);
  }
}

function lineOf({ at, event, operation, principal, surface, job_id: jobId, facts }: AuditRecord): string {
  const parts = [at, event, operation, principal, surface, jobId].map((part) =>
    part === undefined || part === null ? '-' : showUntrusted(part),
  );
  return `${parts.join(' ')}${facts === undefined ? '' : ` ${showJson(facts)}`}`;
}
