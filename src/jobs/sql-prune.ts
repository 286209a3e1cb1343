import { OPEN_STATES } from './job.ts';
import type { SqlAccess } from './sql-access.ts';

/** Jobs deleted by one transaction, so that no writer waits long. */
const BATCH = 200;

/** Deletes finished jobs with all that belongs to them, a batch per transaction. */
export async function pruneJobs(access: SqlAccess, request: { completedBefore: string; keysBefore: string }): Promise<number> {
  let pruned = 0;
  for (;;) {
    const count = await access.write(async (trx) => {
      const rows = await trx
        .selectFrom('jobs')
        .leftJoin('idempotency_keys', 'idempotency_keys.job_id', 'jobs.job_id')
        .select('jobs.job_id')
        .where('jobs.completed_at', '<', request.completedBefore)
        .where('jobs.state', 'not in', OPEN_STATES)
        .where((eb) => eb.or([eb('idempotency_keys.created_at', 'is', null), eb('idempotency_keys.created_at', '<', request.keysBefore)]))
        .limit(BATCH)
        .execute();
      const ids = rows.map((row) => row.job_id);
      if (ids.length === 0) return 0;
      await trx.deleteFrom('job_events').where('job_id', 'in', ids).execute();
      await trx.deleteFrom('lost_sends').where('job_id', 'in', ids).execute();
      await trx.deleteFrom('job_upids').where('job_id', 'in', ids).execute();
      await trx.deleteFrom('idempotency_keys').where('job_id', 'in', ids).execute();
      await trx.deleteFrom('jobs').where('job_id', 'in', ids).execute();
      return ids.length;
    });
    pruned += count;
    if (count < BATCH) return pruned;
  }
}
