import type { Environment } from '../domain/environment.ts';
import { OperationError } from '../domain/operation-error.ts';
import { CATALOG } from '../operations/catalog.ts';
import { ConfigError } from './config-problem.ts';
import type { Config } from './config-schema.ts';
import { loadConfig, type LoadedConfig } from './load-config.ts';
import { loadPolicy, type LoadedPolicy } from './load-policy.ts';

/**
 * The configuration for a command.
 * @throws OperationError `invalid_input` that names every problem
 */
export function readConfig(environment: Environment): LoadedConfig {
  try {
    return loadConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const nothing = error.source.startsWith('the environment') && !environment['PROXMOX_HOST'];
    throw new OperationError('invalid_input', `The configuration cannot be used: ${error.message}`, {
      hint: nothing
        ? 'Nothing is configured yet: proxmox-mcp-plus init sets it up.'
        : 'proxmox-mcp-plus config check tells when all is well.',
      details: { source: error.source, problems: error.problems },
    });
  }
}

/**
 * The policy for a command.
 * @throws OperationError `invalid_input` that names every problem
 */
export async function readPolicy(config: Config): Promise<LoadedPolicy> {
  try {
    return await loadPolicy(config, CATALOG);
  } catch (error) {
    throw error instanceof ConfigError ? policyRefused(error) : error;
  }
}

/** What is wrong with the policy, for a command. */
export function policyRefused(error: ConfigError): OperationError {
  return new OperationError('invalid_input', `The policy cannot be used: ${error.message}`, {
    hint: 'proxmox-mcp-plus policy check tells when all is well.',
    details: { source: error.source, problems: error.problems },
  });
}
