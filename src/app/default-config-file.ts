import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../domain/environment.ts';

/** Where `init` writes the configuration unless told otherwise. */
export function defaultConfigFile(environment: Environment, platform: NodeJS.Platform = process.platform): string {
  const folder =
    platform === 'win32'
      ? (environment['APPDATA'] ?? join(homedir(), 'AppData', 'Roaming'))
      : environment['XDG_CONFIG_HOME'] || join(environment['HOME'] || homedir(), '.config');
  return join(folder, 'proxmox-mcp-plus', 'config.json');
}

/** The environment with that file named in it, where neither a file nor a host is. */
export function withDefaultConfigFile(environment: Environment): Environment {
  if (environment['PROXMOX_MCP_CONFIG'] || environment['PROXMOX_HOST']) return environment;
  const file = defaultConfigFile(environment);
  return existsSync(file) ? { ...environment, PROXMOX_MCP_CONFIG: file } : environment;
}
