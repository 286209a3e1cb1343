import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemClock } from '../../domain/clock.ts';
import type { Environment } from '../../domain/environment.ts';
import { toOperationError } from '../../domain/operation-error.ts';
import { systemReason } from '../../domain/thrown.ts';
import { openAmong } from '../../jobs/job.ts';
import { failed, ok, warning, type Finding } from '../../cli/finding.ts';
import type { Config } from '../config-schema.ts';
import { openJobStore } from '../open-job-store.ts';
import { auditFolder, jobsFile } from '../state-paths.ts';

/** Whether others on this machine can read the file that holds the token. */
export async function checkConfigFile(source: string): Promise<Finding> {
  if (source === 'the environment' || process.platform === 'win32') return ok('config', `The configuration comes from ${source}.`);
  const { mode } = await stat(source);
  if ((mode & 0o077) === 0) return ok('config', `${source} can be read by its owner only.`);
  return warning('config', `${source} can be read by the group of its owner, and it holds the API token.`, `chmod 600 ${source}`);
}

/** Whether jobs and the audit log can be written: without them every write is refused. */
export async function checkState(config: Config, environment: Environment): Promise<readonly Finding[]> {
  return [await checkJobStore(config, environment), await checkAuditFolder(auditFolder(config.audit.folder, environment))];
}

async function checkJobStore(config: Config, environment: Environment): Promise<Finding> {
  const { jobs } = config;
  const path = jobs.database_url === undefined ? jobsFile(jobs.sqlite_path, environment) : null;
  try {
    const store = await openJobStore(config, { environment, clock: systemClock });
    try {
      await store.probe();
      const open = openAmong(await store.counts());
      return ok('jobs', `Jobs can be recorded in ${path ?? 'PostgreSQL'}; ${open} of them ${open === 1 ? 'is' : 'are'} under way.`);
    } finally {
      await store.close();
    }
  } catch (thrown) {
    const { message, hint } = toOperationError(thrown);
    const said = thrown instanceof Error ? thrown.message : message;
    return failed(
      'jobs',
      'internal',
      `Jobs cannot be recorded in ${path ?? 'PostgreSQL'}: ${said}`,
      hint ?? 'Free the place, or name another with jobs.sqlite_path (PROXMOX_JOBS_SQLITE_PATH).',
    );
  }
}

async function checkAuditFolder(folder: string): Promise<Finding> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await access(folder, constants.W_OK);
    return ok('audit', `The audit log can be written in ${folder}.`);
  } catch (error) {
    return failed(
      'audit',
      'internal',
      `The audit log cannot be written in ${folder} (${systemReason(error)}), so every write would be refused.`,
      `Make ${dirname(folder)} writable, or name another folder with audit.folder (PROXMOX_MCP_AUDIT_DIR).`,
    );
  }
}
