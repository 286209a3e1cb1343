import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { z } from 'zod';
import type { Facts } from '../domain/plan.ts';
import { isUpid, parseUpid } from '../domain/upid.ts';
import type { JobsDatabase } from './database.ts';
import type { JobRecord } from './job-record.ts';
import type { JobEvent, JobState } from './job.ts';
import { toRow } from './job-row.ts';

/** A row of the predecessor's `jobs` table (schema 1 of ProxmoxMCP-Plus up to 0.5). */
interface V1Row {
  job_id: string;
  tool_name: string;
  summary: string;
  node: string | null;
  upid: string | null;
  created_at: string;
  updated_at: string;
  status: string;
  progress: number | null;
  attempts: number;
  retry_count: number;
  last_error: string | null;
  completed_at: string | null;
  result_json: string | null;
  metadata_json: string;
  previous_upids_json: string;
  audit_log_json: string;
  retry_spec_json: string | null;
}

/** What the predecessor's statuses mean; any other is `unknown`. */
const V1_STATES: Readonly<Record<string, JobState>> = {
  running: 'running',
  cancel_requested: 'running',
  completed: 'succeeded',
  failed: 'failed',
  cancelled: 'cancelled',
};
const SECRET_NAME = /pass(word|wd)?|secret|token|private|key/i;
const facts = z.record(z.string(), z.unknown());
const events = z.array(z.object({ timestamp: z.string(), event: z.string(), details: facts.catch({}) }));

function parse<T>(schema: z.ZodType<T>, text: string | null, fallback: T): T {
  if (text === null) return fallback;
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return fallback;
  }
}

/** The predecessor did not say which fields hold secrets, so they are told by their names. */
function hideSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(hideSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, SECRET_NAME.test(name) ? '<secret>' : hideSecrets(inner)]));
}

/** What one row of the predecessor means today. Its class of repetition is unknown, so the strictest is assumed. */
function recordFromV1(row: V1Row, seq: number): { record: JobRecord; events: readonly JobEvent[] } {
  const upid = isUpid(row.upid) ? row.upid : null;
  const known = V1_STATES[row.status] ?? 'unknown';
  const state = known === 'running' && upid === null ? 'unknown' : known;
  const open = state === 'running';
  const spec = parse(facts, row.retry_spec_json, {});
  const parts = upid === null ? null : parseUpid(upid);
  const iso = (text: string): string => new Date(Number.isNaN(Date.parse(text)) ? 0 : text).toISOString();
  const record: JobRecord = {
    jobId: row.job_id,
    seq,
    epoch: 1,
    owner: null,
    state,
    phase: row.status === 'cancel_requested' ? 'cancel_requested' : null,
    operation: row.tool_name,
    repeat: 'non-repeatable',
    summary: row.summary,
    principalId: 'local',
    surface: 'mcp-stdio',
    requestId: null,
    input: (hideSecrets(spec['params'] ?? {}) ?? {}) as Facts,
    hasSecrets: false,
    node: row.node ?? parts?.node ?? null,
    targets: [],
    step: parts && {
      number: 1,
      node: parts.node,
      task: { types: [parts.type], id: parts.id },
      repeat: 'non-repeatable',
      again: false,
      sends: 1,
      sentAs: parts.user,
      description: { method: 'POST', path: '', params: {} },
    },
    stepsDone: 0,
    upid,
    previousUpids: parse(z.array(z.string()), row.previous_upids_json, []).filter(isUpid),
    progress: row.progress,
    attempts: row.attempts,
    retryCount: row.retry_count,
    tainted: false,
    cancelRequested: row.status === 'cancel_requested',
    earlierEffect: 'none',
    effect: state === 'succeeded' ? 'applied' : 'unknown',
    lastError: row.last_error,
    error: null,
    warnings: [],
    result: parse(facts.nullable(), row.result_json, null),
    metadata: { ...parse(facts, row.metadata_json, {}), migrated_from: 1 },
    approval: null,
    baseline: [],
    sentAt: iso(row.created_at),
    impliedKey: null,
    resolvedAt: null,
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
    completedAt: open ? null : iso(row.completed_at ?? row.updated_at),
    expiresAt: null,
  };
  return { record, events: parse(events, row.audit_log_json, []) };
}

/** True for a database that the predecessor made and nobody has migrated. */
export async function isV1(db: Kysely<JobsDatabase>): Promise<boolean> {
  const { rows } = await sql<{ name: string }>`select name from pragma_table_info('jobs') where name = 'tool_name'`.execute(db);
  return rows.length > 0;
}

/** Schema version the predecessor noted in its own table; 0 when there is none. */
export async function v1Version(db: Kysely<JobsDatabase>): Promise<number> {
  const { rows: tables } = await sql`select name from pragma_table_info('schema_migrations')`.execute(db);
  if (tables.length === 0) return 0;
  const { rows } = await sql<{ version: number | null }>`select max(version) as version from schema_migrations`.execute(db);
  return rows[0]?.version ?? 0;
}

/** Moves the predecessor's tables out of the way, before the migrations run. */
export async function setAsideV1(trx: Kysely<JobsDatabase>): Promise<void> {
  for (const index of ['idx_jobs_created_at', 'idx_jobs_status_created_at', 'idx_jobs_tool_created_at'])
    await trx.schema.dropIndex(index).ifExists().execute();
  await trx.schema.alterTable('jobs').renameTo('v1_jobs').execute();
}

/** Copies the predecessor's jobs into the migrated tables and drops the old ones. */
export async function importV1(trx: Kysely<JobsDatabase>): Promise<void> {
  const { rows } = await sql<V1Row>`select * from v1_jobs order by created_at, job_id`.execute(trx);
  let seq = 0;
  for (const row of rows) {
    seq += 1;
    const { record, events: history } = recordFromV1(row, seq);
    await trx
      .insertInto('jobs')
      .values(toRow(record) as JobsDatabase['jobs'])
      .execute();
    for (const [index, event] of history.entries())
      await trx
        .insertInto('job_events')
        .values({
          job_id: record.jobId,
          position: index - history.length,
          timestamp: event.timestamp,
          event: event.event,
          details: JSON.stringify(hideSecrets(event.details)),
        })
        .execute();
    for (const upid of [record.upid, ...record.previousUpids])
      if (upid !== null)
        await trx
          .insertInto('job_upids')
          .values({ upid, job_id: record.jobId })
          .onConflict((conflict) => conflict.doNothing())
          .execute();
  }
  await trx.updateTable('change_counter').set({ value: seq }).execute();
  await trx.schema.dropTable('v1_jobs').execute();
  await trx.schema.dropTable('schema_migrations').ifExists().execute();
}
