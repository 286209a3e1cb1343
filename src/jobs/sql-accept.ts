import type { Kysely, Transaction } from 'kysely';
import type { JobsDatabase } from './database.ts';
import { OPEN_STATES } from './job.ts';
import type { JobRecord } from './job-record.ts';
import { fromRow, toRow } from './job-row.ts';
import type { AcceptOutcome, HeldTarget, NewRecord, ReplayOutcome, ReplayQuery } from './job-store.ts';
import { failpoint } from './failpoint.ts';
import { extendLife } from './sql-processes.ts';
import type { SqlAccess } from './sql-access.ts';

/** Finds the job an earlier call made, by its own key or by what it said. */
export async function findReplay(db: Kysely<JobsDatabase>, query: ReplayQuery): Promise<ReplayOutcome> {
  if (query.given) {
    const { principalId, key, bodyHash } = query.given;
    const row = await db
      .selectFrom('idempotency_keys')
      .innerJoin('jobs', 'jobs.job_id', 'idempotency_keys.job_id')
      .selectAll('jobs')
      .select('idempotency_keys.body_hash')
      .where('idempotency_keys.principal_id', '=', principalId)
      .where('idempotency_keys.key', '=', key)
      .executeTakeFirst();
    if (!row) return { kind: 'none' };
    return row.body_hash === bodyHash ? { kind: 'replayed', record: fromRow(row) } : { kind: 'key_reused', jobId: row.job_id };
  }
  if (query.implied === null) return { kind: 'none' };
  const row = await db
    .selectFrom('jobs')
    .selectAll()
    .where('implied_key', '=', query.implied)
    .where((eb) =>
      eb.or([
        eb('state', 'in', OPEN_STATES),
        eb.and([eb('state', 'in', ['unknown', 'not_observed']), eb('resolved_at', 'is', null), eb('completed_at', '>=', query.heldSince)]),
      ]),
    )
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? { kind: 'replayed', record: fromRow(row) } : { kind: 'none' };
}

/** Takes targets for a job. Answers the first one that another job holds; then nothing may be written. */
export async function claimTargets(
  trx: Transaction<JobsDatabase>,
  jobId: string,
  targets: readonly string[],
): Promise<HeldTarget | undefined> {
  if (targets.length === 0) return undefined;
  const held = await trx
    .selectFrom('job_targets')
    .selectAll()
    .where('target', 'in', [...targets])
    .execute();
  const foreign = held.find((row) => row.job_id !== jobId);
  if (foreign) return { kind: 'held', target: foreign.target, jobId: foreign.job_id };
  const own = new Set(held.map((row) => row.target));
  const missing = [...new Set(targets)].filter((target) => !own.has(target));
  if (missing.length > 0)
    await trx
      .insertInto('job_targets')
      .values(missing.map((target) => ({ target, job_id: jobId })))
      .execute();
  return undefined;
}

/** Records a new job, its key and its claims, or says which earlier job stands in the way. */
export function insertJob(access: SqlAccess, request: NewRecord): Promise<AcceptOutcome> {
  return access.write(async (trx, seq): Promise<AcceptOutcome> => {
    const replay = await findReplay(trx, request.replay);
    if (replay.kind !== 'none') return replay;
    const record: JobRecord = { ...request.record, seq };
    const held = await claimTargets(trx, record.jobId, request.claims);
    if (held) return held;
    await trx
      .insertInto('jobs')
      .values(toRow(record) as JobsDatabase['jobs'])
      .execute();
    if (failpoint) await failpoint('store.accept.between-job-and-event');
    await trx
      .insertInto('job_events')
      .values({
        job_id: record.jobId,
        position: seq,
        timestamp: record.createdAt,
        event: 'created',
        details: JSON.stringify(request.details),
      })
      .execute();
    const { given } = request.replay;
    if (given)
      await trx
        .insertInto('idempotency_keys')
        .values({
          principal_id: given.principalId,
          key: given.key,
          body_hash: given.bodyHash,
          job_id: record.jobId,
          created_at: record.createdAt,
        })
        .execute();
    if (record.owner !== null) await extendLife(trx, access.traits, record.owner, request.leaseMs);
    if (failpoint) await failpoint('store.accept.before-commit');
    return { kind: 'created', record };
  });
}
