import type { JobRow } from './database.ts';
import type { JobRecord } from './job-record.ts';

type Kind = 'plain' | 'flag' | 'json';

/** How each field of a record is kept in its column. */
const FIELDS: Readonly<Record<keyof JobRecord, readonly [keyof JobRow, Kind]>> = {
  jobId: ['job_id', 'plain'],
  seq: ['seq', 'plain'],
  epoch: ['epoch', 'plain'],
  owner: ['owner', 'plain'],
  state: ['state', 'plain'],
  phase: ['phase', 'plain'],
  operation: ['operation', 'plain'],
  repeat: ['repeat', 'plain'],
  summary: ['summary', 'plain'],
  principalId: ['principal_id', 'plain'],
  surface: ['surface', 'plain'],
  requestId: ['request_id', 'plain'],
  input: ['input', 'json'],
  hasSecrets: ['has_secrets', 'flag'],
  node: ['node', 'plain'],
  targets: ['targets', 'json'],
  step: ['step', 'json'],
  stepsDone: ['steps_done', 'plain'],
  upid: ['upid', 'plain'],
  previousUpids: ['previous_upids', 'json'],
  progress: ['progress', 'plain'],
  attempts: ['attempts', 'plain'],
  retryCount: ['retry_count', 'plain'],
  tainted: ['tainted', 'flag'],
  cancelRequested: ['cancel_requested', 'flag'],
  earlierEffect: ['earlier_effect', 'plain'],
  effect: ['effect', 'plain'],
  lastError: ['last_error', 'plain'],
  error: ['error', 'json'],
  warnings: ['warnings', 'json'],
  result: ['result', 'json'],
  metadata: ['metadata', 'json'],
  approval: ['approval', 'json'],
  baseline: ['baseline', 'json'],
  sentAt: ['sent_at', 'plain'],
  impliedKey: ['implied_key', 'plain'],
  resolvedAt: ['resolved_at', 'plain'],
  createdAt: ['created_at', 'plain'],
  updatedAt: ['updated_at', 'plain'],
  completedAt: ['completed_at', 'plain'],
  expiresAt: ['expires_at', 'plain'],
};

const ENTRIES = Object.entries(FIELDS) as readonly [keyof JobRecord, readonly [keyof JobRow, Kind]][];

function toColumn(kind: Kind, value: unknown): unknown {
  if (kind === 'flag') return value === true ? 1 : 0;
  if (kind === 'json') return value === null || value === undefined ? null : JSON.stringify(value);
  // PostgreSQL takes no NUL in a text, and Proxmox may quote one in a message.
  return typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : (value ?? null);
}

function toField(kind: Kind, value: unknown): unknown {
  if (kind === 'flag') return value === 1;
  if (kind === 'json') return typeof value === 'string' ? (JSON.parse(value) as unknown) : null;
  return value;
}

/** The columns that these fields of a record fill. */
export function toRow(record: Partial<JobRecord>): Partial<JobRow> {
  const row: Record<string, unknown> = {};
  for (const [field, [column, kind]] of ENTRIES) if (field in record) row[column] = toColumn(kind, record[field]);
  if ('step' in record) {
    row['task_node'] = record.step?.task ? record.step.node : null;
    row['task_id'] = record.step?.task?.id ?? null;
  }
  return row;
}

/** A whole row of `jobs` as a record. */
export function fromRow(row: JobRow): JobRecord {
  const record: Record<string, unknown> = {};
  for (const [field, [column, kind]] of ENTRIES) record[field] = toField(kind, row[column]);
  return record as unknown as JobRecord;
}
