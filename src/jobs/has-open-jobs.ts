import { existsSync } from 'node:fs';
import { FINAL_STATES } from './job.ts';

/**
 * Whether a job database in a file holds jobs that are not over: what a server that has not opened it needs to know. True
 * for a database that cannot be read this way; opening it properly says what is wrong.
 */
export async function hasOpenJobs(file: string): Promise<boolean> {
  if (!existsSync(file)) return false;
  const { DatabaseSync } = await import('node:sqlite');
  try {
    const database = new DatabaseSync(file, { readOnly: true, timeout: 50 });
    try {
      const final = FINAL_STATES.map((state) => `'${state}'`).join(', ');
      return database.prepare(`select 1 from jobs where state not in (${final}) limit 1`).get() !== undefined;
    } finally {
      database.close();
    }
  } catch {
    return true;
  }
}
