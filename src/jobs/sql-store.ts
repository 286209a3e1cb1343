import type { Kysely } from 'kysely';
import type { Facts } from '../domain/plan.ts';
import type { JobsDatabase } from './database.ts';
import { fromRow } from './job-row.ts';
import type { JobStore } from './job-store.ts';
import { findReplay, insertJob } from './sql-accept.ts';
import { sqlAccess } from './sql-access.ts';
import type { SqlTraits } from './sql-access.ts';
import { bindToCluster } from './sql-cluster.ts';
import { extendLife, takeLease, takeOverJobs } from './sql-processes.ts';
import { changesSince, countJobs, linkedElsewhere, listJobs, openJobs, unresolvedJobs } from './sql-queries.ts';
import { pruneJobs } from './sql-prune.ts';
import { annotateJob, transitionJob } from './sql-transition.ts';

/** The job store over a migrated database of either kind. */
export function sqlStore(db: Kysely<JobsDatabase>, traits: SqlTraits): JobStore {
  const access = sqlAccess(db, traits);
  return {
    accept: (request) => insertJob(access, request),
    findReplay: (query) => access.read((reader) => findReplay(reader, query)),
    transition: (change) => transitionJob(access, change),
    annotate: (change) => annotateJob(access, change),
    note: (jobId, { timestamp, event, details }) =>
      access.write(async (trx, seq) => {
        await trx
          .insertInto('job_events')
          .values({ job_id: jobId, position: seq, timestamp, event, details: JSON.stringify(details) })
          .execute();
      }),
    load: (jobId) =>
      access.read(async (reader) => {
        const row = await reader.selectFrom('jobs').selectAll().where('job_id', '=', jobId).executeTakeFirst();
        return row && fromRow(row);
      }),
    events: (jobId) =>
      access.read(async (reader) => {
        const rows = await reader
          .selectFrom('job_events')
          .select(['timestamp', 'event', 'details'])
          .where('job_id', '=', jobId)
          .orderBy('position')
          .execute();
        return rows.map(({ timestamp, event, details }) => ({ timestamp, event, details: JSON.parse(details) as Facts }));
      }),
    list: (filter) => access.read((reader) => listJobs(reader, filter)),
    open: () => access.read(openJobs),
    changesSince: (cursor, limit) => access.read((reader) => changesSince(reader, cursor, limit)),
    latestSeq: () =>
      access.read(async (reader) => (await reader.selectFrom('change_counter').select('value').executeTakeFirstOrThrow()).value),
    linkedElsewhere: (upids, jobId) => access.read((reader) => linkedElsewhere(reader, upids, jobId)),
    unresolved: (task, jobId, since) => access.read((reader) => unresolvedJobs(reader, task, jobId, since)),
    heartbeat: (processId, leaseMs) => access.write((trx) => extendLife(trx, traits, processId, leaseMs)),
    takeOver: (request) => takeOverJobs(access, request),
    lease: (name, processId, leaseMs) => takeLease(access, name, processId, leaseMs),
    release: (processId) =>
      access.write(async (trx) => {
        await trx.deleteFrom('processes').where('process_id', '=', processId).execute();
        await trx.deleteFrom('leases').where('holder', '=', processId).execute();
      }),
    setNodePhase: (node, phase, timestamp) =>
      access.write(async (trx, seq) => {
        const running = trx.updateTable('jobs').where('node', '=', node).where('state', '=', 'running');
        await (
          phase === null
            ? running.where('phase', '=', 'node_unreachable')
            : running.where((eb) => eb.or([eb('phase', 'is', null), eb('phase', '!=', phase)]))
        )
          .set({ phase, seq, updated_at: timestamp })
          .execute();
      }),
    prune: (request) => pruneJobs(access, request),
    bindToCluster: (clusterId) => bindToCluster(access, clusterId),
    counts: () => access.read(countJobs),
    probe: () => access.write(() => Promise.resolve()),
    close: () => db.destroy(),
  };
}
