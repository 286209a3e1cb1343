import { sql } from 'kysely';
import type { Transaction } from 'kysely';
import type { JobsDatabase } from './database.ts';
import { OPEN_STATES, isFinal } from './job.ts';
import type { JobRecord } from './job-record.ts';
import { fromRow, toRow } from './job-row.ts';
import type { Annotation, Transition, TransitionOutcome } from './job-store.ts';
import { failpoint } from './failpoint.ts';
import type { SqlAccess } from './sql-access.ts';
import { claimTargets } from './sql-accept.ts';

async function lockedRow(trx: Transaction<JobsDatabase>, access: SqlAccess, jobId: string): Promise<JobRecord | undefined> {
  const query = trx.selectFrom('jobs').selectAll().where('job_id', '=', jobId);
  const row = await (access.traits.locksRows ? query.forUpdate() : query).executeTakeFirst();
  return row && fromRow(row);
}

/** One change of state, compared with what the caller believes, together with its event, claims and task. */
export function transitionJob(access: SqlAccess, change: Transition): Promise<TransitionOutcome> {
  return access.write(async (trx, seq): Promise<TransitionOutcome> => {
    const { jobId, patch, timestamp, to } = change;
    const before = await lockedRow(trx, access, jobId);
    if (!before) return { kind: 'lost' };
    if (change.epoch !== null && before.epoch !== change.epoch) return { kind: 'lost' };
    if (change.from !== null && before.state !== change.from) return { kind: 'lost' };
    const held = await claimTargets(trx, jobId, change.claims ?? []);
    if (held) return held;
    if (change.link !== undefined) {
      const link = await trx
        .insertInto('job_upids')
        .values({ upid: change.link, job_id: jobId })
        .onConflict((conflict) => conflict.column('upid').doUpdateSet({ upid: sql<string>`excluded.upid` }))
        .returning('job_id')
        .executeTakeFirstOrThrow();
      if (link.job_id !== jobId) return { kind: 'linked_elsewhere', jobId: link.job_id };
    }
    const fields = { ...patch, state: to, seq, updatedAt: timestamp };
    await trx.updateTable('jobs').set(toRow(fields)).where('job_id', '=', jobId).execute();
    if (failpoint) await failpoint('store.transition.between-job-and-event');
    await trx
      .insertInto('job_events')
      .values({ job_id: jobId, position: seq, timestamp, event: change.event, details: JSON.stringify(change.details) })
      .execute();
    if (change.lost) {
      const { node, id, types } = change.lost;
      await trx
        .insertInto('lost_sends')
        .values({ job_id: jobId, task_node: node, task_id: id, types: JSON.stringify(types), lost_at: timestamp })
        .execute();
    }
    if (change.event === 'resolved_succeeded' || change.event === 'resolved_failed')
      await trx.deleteFrom('lost_sends').where('job_id', '=', jobId).execute();
    if (isFinal(to)) await trx.deleteFrom('job_targets').where('job_id', '=', jobId).execute();
    if (failpoint) await failpoint('store.transition.before-commit');
    return { kind: 'moved', record: { ...before, ...fields } };
  });
}

/** Changes fields of an open job without moving it. */
export function annotateJob(access: SqlAccess, change: Annotation): Promise<JobRecord | undefined> {
  return access.write(async (trx, seq) => {
    const { jobId, timestamp } = change;
    let query = trx
      .updateTable('jobs')
      .set(toRow({ ...change.patch, seq, updatedAt: timestamp }))
      .where('job_id', '=', jobId)
      .where('state', 'in', OPEN_STATES);
    if (change.epoch !== null) query = query.where('epoch', '=', change.epoch);
    const row = await query.returningAll().executeTakeFirst();
    if (!row) return undefined;
    if (change.event)
      await trx
        .insertInto('job_events')
        .values({ job_id: jobId, position: seq, timestamp, event: change.event.name, details: JSON.stringify(change.event.details) })
        .execute();
    return fromRow(row);
  });
}
