import type { Engine } from './engine.ts';
import type { JobRecord } from './job-record.ts';

/**
 * Asks Proxmox to stop a job's task, unless this server is read-only. A failure is no news: the follower asks again while the
 * task runs.
 */
export async function stopTask(engine: Engine, record: JobRecord): Promise<void> {
  if (record.upid === null || !engine.sends) return;
  try {
    await engine.tasks.stop(record.upid);
  } catch (fault) {
    engine.report(fault, `stop ${record.upid}`);
  }
}
