import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Environment } from '../domain/environment.ts';
import { expandHome } from '../domain/home-path.ts';

const JOBS_FILE = 'proxmox-jobs.sqlite3';

/** The folder for what the server keeps between runs: /data in the container, else the user's state folder. */
function stateFolder(environment: Environment, platform: NodeJS.Platform = process.platform): string {
  const own = environment['PROXMOX_MCP_STATE_DIR'];
  if (own) return resolve(own);
  if (platform === 'win32') return join(environment['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'proxmox-mcp-plus');
  return join(environment['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'proxmox-mcp-plus');
}

/**
 * Where the job store lives: the configured path; else the predecessor's file if it is in the working directory; else the
 * state folder, because the working directory of a desktop client may be unwritable.
 */
export function jobsFile(configured: string | undefined, environment: Environment): string {
  if (configured !== undefined && configured !== JOBS_FILE) return resolve(expandHome(configured));
  const inWorkingDirectory = resolve(JOBS_FILE);
  return existsSync(inWorkingDirectory) ? inWorkingDirectory : join(stateFolder(environment), JOBS_FILE);
}

/** Where outputs of commands are kept that are too long for their jobs. */
export function outputsFolder(environment: Environment): string {
  return join(stateFolder(environment), 'outputs');
}

/** Where the audit log lives. */
export function auditFolder(configured: string | undefined, environment: Environment): string {
  return configured === undefined ? join(stateFolder(environment), 'audit') : resolve(expandHome(configured));
}
