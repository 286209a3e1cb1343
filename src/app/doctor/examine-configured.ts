import type { Finding } from '../../cli/finding.ts';
import { readConfig } from '../read-config.ts';
import type { Environment } from '../../domain/environment.ts';
import { examine } from './examine.ts';

/** Examines what the configuration points at. @throws OperationError when there is none, or it cannot be used */
export async function examineConfigured(environment: Environment, toolsets: readonly string[]): Promise<readonly Finding[]> {
  const { config, source } = readConfig(environment);
  const ssh = config.ssh ? (await import('../ssh-access.ts')).sshSettings(config.ssh, environment) : null;
  return examine({ config, source, environment, toolsets, ssh });
}
