import type { SshSettingsInput } from '../../exec/ssh-settings.ts';
import type { RequestObservation } from '../../proxmox/api.ts';
import { createReader } from '../../proxmox/reader.ts';
import { skipped, type Finding } from '../../cli/finding.ts';
import type { Config } from '../config-schema.ts';
import { connectToProxmox } from '../connect-to-proxmox.ts';
import { catalogOf } from '../toolsets.ts';
import type { Environment } from '../../domain/environment.ts';
import { checkGuestAgents } from './check-agents.ts';
import { checkNetwork } from './check-network.ts';
import { checkPrivileges } from './check-privileges.ts';
import { checkClock, checkCluster, checkFirstAnswer } from './check-proxmox.ts';
import { checkConfigFile, checkState } from './check-state.ts';

export interface Examination {
  readonly config: Config;
  readonly source: string;
  readonly environment: Environment;
  readonly toolsets: readonly string[];
  /** Null where no SSH is configured. */
  readonly ssh: SshSettingsInput | null;
}

/** Looks at everything that has to be right, from the nearest to the farthest. What rests on a failure is not tried. */
export async function examine({ config, source, environment, toolsets, ssh }: Examination): Promise<readonly Finding[]> {
  const findings: Finding[] = [await checkConfigFile(source), ...(await checkState(config, environment))];
  const address = { host: config.proxmox.host, port: config.proxmox.port };
  if (config.api_tunnel.enabled) findings.push(skipped('tcp', 'The API is reached through SSH.'));
  else findings.push(...(await checkNetwork(address)));
  if (findings.some(({ check, status }) => (check === 'dns' || check === 'tcp') && status === 'failed')) return findings;

  let skewMs: number | null = null;
  const observe = ({ serverDate }: RequestObservation): void => {
    if (serverDate) skewMs = serverDate.getTime() - Date.now();
  };
  const api = connectToProxmox(config, observe, { environment });
  try {
    const reader = createReader(api);
    const { findings: first, major } = await checkFirstAnswer(reader, address);
    findings.push(...first);
    if (skewMs !== null || major !== null) findings.push(checkClock(skewMs));
    if (major === null) return findings;
    const [privileges, cluster] = await Promise.all([checkPrivileges(api, catalogOf(toolsets), major), checkCluster(reader)]);
    findings.push(...cluster.findings, ...privileges);
    const online = cluster.status?.nodes.filter((node) => node.online).map(({ name }) => name) ?? [];
    if (ssh === null) findings.push(skipped('ssh', 'SSH is not configured, so there are no commands in containers.'));
    else findings.push(...(await (await import('./check-ssh.ts')).checkSsh(ssh, online)));
    findings.push(await checkGuestAgents(api, reader));
    return findings;
  } finally {
    await api.close();
  }
}
