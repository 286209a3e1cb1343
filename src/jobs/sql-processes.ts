import { sql } from 'kysely';
import type { Kysely, Transaction } from 'kysely';
import type { JobsDatabase } from './database.ts';
import { LEFT_READY, OPEN_STATES } from './job.ts';
import type { JobStore } from './job-store.ts';
import type { SqlAccess, SqlTraits } from './sql-access.ts';
import { failpoint } from './failpoint.ts';

/** Says that a process lives for `leaseMs` from now, on the clock of the database. */
export async function extendLife(trx: Transaction<JobsDatabase>, traits: SqlTraits, processId: string, leaseMs: number): Promise<void> {
  const until = sql<number>`${traits.nowMs()} + ${sql.lit(leaseMs)}`;
  await trx
    .insertInto('processes')
    .values({ process_id: processId, lease_until_ms: until })
    .onConflict((conflict) => conflict.column('process_id').doUpdateSet({ lease_until_ms: until }))
    .execute();
}

/** Open jobs whose owner does not live. A lease far in the future was written before the wall clock was set back. */
function orphans(db: Kysely<JobsDatabase>, traits: SqlTraits, { leaseMs, sends }: { leaseMs: number; sends: boolean }) {
  const now = traits.nowMs();
  const living = db
    .selectFrom('processes')
    .select('process_id')
    .where('lease_until_ms', '>', now)
    .where('lease_until_ms', '<=', sql<number>`${now} + ${sql.lit(leaseMs * 4)}`);
  const found = db
    .selectFrom('jobs')
    .select('job_id')
    .where('state', 'in', OPEN_STATES)
    .where((eb) => eb.or([eb('owner', 'is', null), eb('owner', 'not in', living)]));
  return sends ? found : found.where((eb) => eb.or([eb('state', '!=', 'ready'), eb('phase', 'is', null), eb('phase', '!=', LEFT_READY)]));
}

/**
 * Gives this process the open jobs of dead ones: new owner, new epoch, and no SENDING left among them. One statement for
 * all, so that ten thousand jobs change hands at once.
 */
export async function takeOverJobs(access: SqlAccess, request: Parameters<JobStore['takeOver']>[0]): Promise<number> {
  const { processId, leaseMs, sendingBecomes, limit, timestamp } = request;
  const any = await access.read((db) => orphans(db, access.traits, request).limit(1).executeTakeFirst());
  if (!any) return 0;
  return access.write(async (trx, seq) => {
    const now = access.traits.nowMs();
    const orphaned = orphans(trx, access.traits, request).limit(limit);
    const found = await (access.traits.locksRows ? orphaned.forUpdate().skipLocked() : orphaned).execute();
    if (found.length === 0) return 0;
    await extendLife(trx, access.traits, processId, leaseMs);
    if (failpoint) await failpoint('store.takeover.before-update');
    const note = JSON.stringify({ by: processId });
    for (let start = 0; start < found.length; start += 500) {
      const ids = found.slice(start, start + 500).map((row) => row.job_id);
      await trx
        .insertInto('job_events')
        .columns(['job_id', 'position', 'timestamp', 'event', 'details'])
        .expression((eb) =>
          eb
            .selectFrom('jobs')
            .select([
              'job_id',
              sql<number>`${sql.lit(seq)}`.as('position'),
              sql<string>`${timestamp}`.as('timestamp'),
              sql<string>`case when state = 'sending' then 'found_sending' else 'taken_over' end`.as('event'),
              sql<string>`${note}`.as('details'),
            ])
            .where('job_id', 'in', ids),
        )
        .execute();
      await trx
        .updateTable('jobs')
        .set({
          owner: processId,
          epoch: sql<number>`epoch + 1`,
          seq,
          updated_at: timestamp,
          state: sql<string>`case when state = 'sending' then ${sendingBecomes} else state end`,
        })
        .where('job_id', 'in', ids)
        .execute();
    }
    await trx
      .deleteFrom('processes')
      .where('lease_until_ms', '<', sql<number>`${now} - 3600000`)
      .execute();
    return found.length;
  });
}

/** Takes or keeps a named lease. */
export function takeLease(access: SqlAccess, name: string, processId: string, leaseMs: number): Promise<boolean> {
  return access.write(async (trx) => {
    const now = access.traits.nowMs();
    const until = sql<number>`${now} + ${sql.lit(leaseMs)}`;
    const taken = await trx
      .insertInto('leases')
      .values({ name, holder: processId, lease_until_ms: until })
      .onConflict((conflict) =>
        conflict
          .column('name')
          .doUpdateSet({ holder: processId, lease_until_ms: until })
          .where((eb) =>
            eb.or([
              eb('leases.holder', '=', processId),
              eb('leases.lease_until_ms', '<=', now),
              eb('leases.lease_until_ms', '>', sql<number>`${now} + ${sql.lit(leaseMs * 4)}`),
            ]),
          ),
      )
      .returning('holder')
      .executeTakeFirst();
    return taken !== undefined;
  });
}
