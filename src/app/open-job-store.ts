import type { Clock } from '../domain/clock.ts';
import type { Environment } from '../domain/environment.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { Config } from './config-schema.ts';
import { jobsFile } from './state-paths.ts';

/** PostgreSQL where replicas share the work, else one file. Either driver is loaded only when it is the one. */
export async function openJobStore(
  { jobs }: Config,
  options: { readonly environment: Environment; readonly clock: Clock },
): Promise<JobStore> {
  if (jobs.database_url === undefined) {
    const { openSqliteStore } = await import('../jobs/sqlite-store.ts');
    return openSqliteStore(jobsFile(jobs.sqlite_path, options.environment), { clock: options.clock });
  }
  const { openPostgresStore } = await import('../jobs/postgres-store.ts');
  return openPostgresStore(jobs.database_url, { clock: options.clock });
}
