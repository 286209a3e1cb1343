import { OperationError } from '../domain/operation-error.ts';
import { ConfigError } from './config-problem.ts';
import { loadConfig, type LoadedConfig } from './load-config.ts';

/**
 * The configuration for a command.
 * @throws OperationError `invalid_input` that names every problem
 */
export function readConfig(environment: NodeJS.ProcessEnv): LoadedConfig {
  try {
    return loadConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const nothing = error.source === 'the environment' && !environment['PROXMOX_HOST'];
    throw new OperationError('invalid_input', `The configuration cannot be used: ${error.message}`, {
      hint: nothing
        ? 'Nothing is configured yet: proxmox-mcp-plus init sets it up.'
        : 'proxmox-mcp-plus config check tells when all is well.',
      details: { source: error.source, problems: error.problems },
    });
  }
}
