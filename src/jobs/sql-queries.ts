import { sql } from 'kysely';
import type { Kysely } from 'kysely';
import { OperationError } from '../domain/operation-error.ts';
import type { Upid } from '../domain/upid.ts';
import type { JobsDatabase } from './database.ts';
import { JOB_STATES, OPEN_STATES, type JobCounts, type JobState } from './job.ts';
import type { JobRecord } from './job-record.ts';
import { fromRow } from './job-row.ts';
import type { ChangeCursor, ChangePage, RecordFilter, RecordPage, TaskKey } from './job-store.ts';

type Db = Kysely<JobsDatabase>;

function decodeCursor(cursor: string): readonly [string, string] {
  const [createdAt, jobId] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  if (createdAt === undefined || jobId === undefined || Number.isNaN(Date.parse(createdAt)))
    throw new OperationError('invalid_input', 'The cursor is none that this server gave out.', {
      hint: 'Leave it out to begin with the newest job.',
      details: { field: 'cursor' },
    });
  return [createdAt, jobId];
}

/** The text that stands for a place in the list of jobs. */
function encodeCursor(record: Pick<JobRecord, 'createdAt' | 'jobId'>): string {
  return Buffer.from(`${record.createdAt} ${record.jobId}`, 'utf8').toString('base64url');
}

/** Jobs newest first, one page. @throws OperationError `invalid_input` for a foreign cursor */
export async function listJobs(db: Db, filter: RecordFilter): Promise<RecordPage> {
  const { states, limit } = filter;
  if (states?.length === 0) return { records: [], nextCursor: null };
  const newest = states ? newestInStates(db, filter, states) : newestJobs(db, filter);
  const rows = await newest.execute();
  const records = rows.slice(0, limit).map(fromRow);
  const last = records.at(-1);
  return { records, nextCursor: rows.length > limit && last ? encodeCursor(last) : null };
}

/** The newest jobs, one more than the page holds: it tells that there is a next page. */
function newestJobs(db: Db, { cancelRequested, operation, cursor, limit }: RecordFilter, state?: JobState) {
  let query = db
    .selectFrom('jobs')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('job_id', 'desc')
    .limit(limit + 1);
  if (state !== undefined) query = query.where('state', '=', state);
  if (cancelRequested !== undefined) query = query.where('cancel_requested', '=', cancelRequested ? 1 : 0);
  if (operation !== undefined) query = query.where('operation', '=', operation);
  if (cursor === undefined) return query;
  const [createdAt, jobId] = decodeCursor(cursor);
  return query.where('created_at', '<=', createdAt).where((eb) => eb.or([eb('created_at', '<', createdAt), eb('job_id', '<', jobId)]));
}

/** One query for each state, and the newest of all: each reads an index from its newest job on. One query for all would sort every job. */
function newestInStates(db: Db, filter: RecordFilter, states: readonly JobState[]) {
  const [first, ...others] = states.map((state) => db.selectFrom(newestJobs(db, filter, state).as('newest')).selectAll());
  if (!first) throw new TypeError('no state to look for');
  const together = others.reduce((query, other) => query.unionAll(other), first);
  return db
    .selectFrom(together.as('together'))
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('job_id', 'desc')
    .limit(filter.limit + 1);
}

/** Every job that is not final. */
export async function openJobs(db: Db): Promise<readonly JobRecord[]> {
  const rows = await db.selectFrom('jobs').selectAll().where('state', 'in', OPEN_STATES).orderBy('seq').execute();
  return rows.map(fromRow);
}

export async function changesSince(db: Db, cursor: ChangeCursor, limit: number): Promise<ChangePage> {
  const rows = await db
    .selectFrom('jobs')
    .selectAll()
    .where((eb) => eb.or([eb('seq', '>', cursor.seq), eb.and([eb('seq', '=', cursor.seq), eb('job_id', '>', cursor.jobId)])]))
    .where('seq', '>=', cursor.seq)
    .orderBy('seq')
    .orderBy('job_id')
    .limit(limit)
    .execute();
  const last = rows.at(-1);
  return { records: rows.map(fromRow), cursor: last ? { seq: last.seq, jobId: last.job_id } : cursor };
}

export async function linkedElsewhere(db: Db, upids: readonly Upid[], jobId: string): Promise<ReadonlySet<Upid>> {
  const linked = new Set<Upid>();
  for (let start = 0; start < upids.length; start += 500) {
    const rows = await db
      .selectFrom('job_upids')
      .select('upid')
      .where('upid', 'in', upids.slice(start, start + 500))
      .where('job_id', '!=', jobId)
      .execute();
    for (const row of rows) linked.add(row.upid);
  }
  return linked;
}

/** Jobs whose request for such a task is in the air or was given up without a trace. */
export async function unresolvedJobs(db: Db, task: TaskKey, jobId: string, since: string): Promise<readonly string[]> {
  const overlaps = (types: readonly string[]): boolean => types.some((type) => task.types.includes(type));
  const inTheAir = await db
    .selectFrom('jobs')
    .select(['job_id', 'step'])
    .where('task_node', '=', task.node)
    .where('task_id', '=', task.id)
    .where('job_id', '!=', jobId)
    .where('state', 'in', ['sending', 'in_doubt'])
    .execute();
  const lost = await db
    .selectFrom('lost_sends')
    .select(['job_id', 'types'])
    .where('task_node', '=', task.node)
    .where('task_id', '=', task.id)
    .where('lost_at', '>=', since)
    .execute();
  const found = [
    ...inTheAir.filter((row) => overlaps((JSON.parse(row.step ?? 'null') as JobRecord['step'])?.task?.types ?? [])),
    ...lost.filter((row) => overlaps(JSON.parse(row.types) as string[])),
  ];
  return [...new Set(found.map((row) => row.job_id))];
}

export async function countJobs(db: Db): Promise<JobCounts> {
  const rows = await db
    .selectFrom('jobs')
    .select(['state', sql<number>`count(*)`.as('jobs')])
    .groupBy('state')
    .execute();
  const counts = new Map(rows.map(({ state, jobs }) => [state, jobs]));
  return Object.fromEntries(JOB_STATES.map((state) => [state, counts.get(state) ?? 0])) as JobCounts;
}
