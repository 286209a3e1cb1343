import { Migrator } from 'kysely/migration';
import type { Migration } from 'kysely/migration';
import type { Kysely } from 'kysely';
import { OperationError } from '../domain/operation-error.ts';
import type { JobsDatabase } from './database.ts';

const createTables: Migration = {
  async up(db) {
    const text = 'text';
    await db.schema
      .createTable('jobs')
      .addColumn('job_id', text, (column) => column.primaryKey())
      .addColumn('seq', 'bigint', (column) => column.notNull())
      .addColumn('epoch', 'integer', (column) => column.notNull())
      .addColumn('owner', text)
      .addColumn('state', text, (column) => column.notNull())
      .addColumn('phase', text)
      .addColumn('operation', text, (column) => column.notNull())
      .addColumn('repeat', text, (column) => column.notNull())
      .addColumn('summary', text, (column) => column.notNull())
      .addColumn('principal_id', text, (column) => column.notNull())
      .addColumn('surface', text, (column) => column.notNull())
      .addColumn('request_id', text)
      .addColumn('input', text, (column) => column.notNull())
      .addColumn('has_secrets', 'integer', (column) => column.notNull())
      .addColumn('node', text)
      .addColumn('targets', text, (column) => column.notNull())
      .addColumn('step', text)
      .addColumn('task_node', text)
      .addColumn('task_id', text)
      .addColumn('steps_done', 'integer', (column) => column.notNull())
      .addColumn('upid', text)
      .addColumn('previous_upids', text, (column) => column.notNull())
      .addColumn('progress', 'integer')
      .addColumn('attempts', 'integer', (column) => column.notNull())
      .addColumn('retry_count', 'integer', (column) => column.notNull())
      .addColumn('tainted', 'integer', (column) => column.notNull())
      .addColumn('cancel_requested', 'integer', (column) => column.notNull())
      .addColumn('effect', text, (column) => column.notNull())
      .addColumn('last_error', text)
      .addColumn('error', text)
      .addColumn('warnings', text, (column) => column.notNull())
      .addColumn('result', text)
      .addColumn('metadata', text, (column) => column.notNull())
      .addColumn('approval', text)
      .addColumn('baseline', text, (column) => column.notNull())
      .addColumn('sent_at', text)
      .addColumn('implied_key', text)
      .addColumn('resolved_at', text)
      .addColumn('created_at', text, (column) => column.notNull())
      .addColumn('updated_at', text, (column) => column.notNull())
      .addColumn('completed_at', text)
      .addColumn('expires_at', text)
      .execute();
    await db.schema.createIndex('jobs_by_change').on('jobs').columns(['seq', 'job_id']).execute();
    await db.schema.createIndex('jobs_by_creation').on('jobs').columns(['created_at', 'job_id']).execute();
    await db.schema.createIndex('jobs_by_state').on('jobs').columns(['state', 'created_at']).execute();
    await db.schema.createIndex('jobs_by_operation').on('jobs').columns(['operation', 'created_at']).execute();
    await db.schema.createIndex('jobs_by_implied_key').on('jobs').column('implied_key').execute();
    await db.schema.createIndex('jobs_by_task').on('jobs').columns(['task_node', 'task_id']).execute();
    await db.schema
      .createTable('job_events')
      .addColumn('job_id', text, (column) => column.notNull())
      .addColumn('position', 'bigint', (column) => column.notNull())
      .addColumn('timestamp', text, (column) => column.notNull())
      .addColumn('event', text, (column) => column.notNull())
      .addColumn('details', text, (column) => column.notNull())
      .addPrimaryKeyConstraint('job_events_key', ['job_id', 'position'])
      .execute();
    await db.schema
      .createTable('job_targets')
      .addColumn('target', text, (column) => column.primaryKey())
      .addColumn('job_id', text, (column) => column.notNull())
      .execute();
    await db.schema.createIndex('job_targets_by_job').on('job_targets').column('job_id').execute();
    await db.schema
      .createTable('job_upids')
      .addColumn('upid', text, (column) => column.primaryKey())
      .addColumn('job_id', text, (column) => column.notNull())
      .execute();
    await db.schema.createIndex('job_upids_by_job').on('job_upids').column('job_id').execute();
    await db.schema
      .createTable('lost_sends')
      .addColumn('job_id', text, (column) => column.notNull())
      .addColumn('task_node', text, (column) => column.notNull())
      .addColumn('task_id', text, (column) => column.notNull())
      .addColumn('types', text, (column) => column.notNull())
      .addColumn('lost_at', text, (column) => column.notNull())
      .execute();
    await db.schema.createIndex('lost_sends_by_task').on('lost_sends').columns(['task_node', 'task_id']).execute();
    await db.schema.createIndex('lost_sends_by_job').on('lost_sends').column('job_id').execute();
    await db.schema
      .createTable('idempotency_keys')
      .addColumn('principal_id', text, (column) => column.notNull())
      .addColumn('key', text, (column) => column.notNull())
      .addColumn('body_hash', text, (column) => column.notNull())
      .addColumn('job_id', text, (column) => column.notNull())
      .addColumn('created_at', text, (column) => column.notNull())
      .addPrimaryKeyConstraint('idempotency_keys_key', ['principal_id', 'key'])
      .execute();
    await db.schema.createIndex('idempotency_keys_by_job').on('idempotency_keys').column('job_id').execute();
    await db.schema
      .createTable('processes')
      .addColumn('process_id', text, (column) => column.primaryKey())
      .addColumn('lease_until_ms', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('leases')
      .addColumn('name', text, (column) => column.primaryKey())
      .addColumn('holder', text, (column) => column.notNull())
      .addColumn('lease_until_ms', 'bigint', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('change_counter')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('value', 'bigint', (column) => column.notNull())
      .execute();
    await db.insertInto('change_counter').values({ id: 1, value: 0 }).execute();
  },
};

/** So that neither pruning nor a filtered list reads every job that ever was. */
const findAmongMany: Migration = {
  async up(db) {
    await db.schema.createIndex('jobs_by_completion').on('jobs').column('completed_at').execute();
    await db.schema.createIndex('jobs_by_operation_and_state').on('jobs').columns(['operation', 'state', 'created_at']).execute();
  },
};

/** Ids mean something else in another cluster: a database belongs to one. */
const createCluster: Migration = {
  async up(db) {
    await db.schema
      .createTable('cluster')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('identity', 'text', (column) => column.notNull())
      .execute();
  },
};

/** A job that is retried still answers for what its earlier attempts did. */
const rememberEarlierEffect: Migration = {
  async up(db) {
    await db.schema
      .alterTable('jobs')
      .addColumn('earlier_effect', 'text', (column) => column.notNull().defaultTo('none'))
      .execute();
  },
};

/** Numbered, never edited once released. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001_jobs': createTables,
  '0002_find_among_many': findAmongMany,
  '0003_cluster': createCluster,
  '0004_earlier_effect': rememberEarlierEffect,
};

/**
 * Brings a database to this version's schema, inside the given transaction.
 * @throws OperationError `internal` when a newer version has already changed it
 */
export async function migrate(trx: Kysely<JobsDatabase>): Promise<void> {
  const migrator = new Migrator({ db: trx, provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  if (error instanceof Error && error.message.includes('is missing'))
    throw new OperationError('internal', 'The job database was written by a newer version of this server.', {
      hint: 'Start the newer version again, or point this one at another database. Nothing was changed.',
      details: { code: 'job_store_too_new' },
      cause: error,
    });
  throw error;
}
