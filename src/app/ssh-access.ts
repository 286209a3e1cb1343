import type { Environment } from '../domain/environment.ts';
import { expandHome } from '../domain/home-path.ts';
import type { NodeShell } from '../exec/node-shell.ts';
import { completeSshSettings, type SshSettingsInput } from '../exec/ssh-settings.ts';
import type { OpenShell } from '../operations/container-files.ts';
import type { SshSection } from './ssh-config-schema.ts';

/** The way into containers; its parts are loaded when it is first used. */
export interface SshAccess {
  /** Undefined without an `ssh` section. */
  readonly openShell: OpenShell | undefined;
  close(): Promise<void>;
}

/** @throws OperationError that names the setting that is wrong */
export function createSshAccess(section: SshSection, environment: Environment): SshAccess {
  if (section === undefined) return { openShell: undefined, close: async () => undefined };
  const settings = completeSshSettings(sshSettings(section, environment));
  let shell: Promise<NodeShell> | undefined;
  return {
    openShell: () => (shell ??= import('../exec/node-shell.ts').then(({ createNodeShell }) => createNodeShell(settings))),
    async close() {
      const made = await shell?.catch(() => undefined);
      await made?.close();
    },
  };
}

/** The settings of the SSH room, from the configuration. */
export function sshSettings(section: NonNullable<SshSection>, environment: Environment): SshSettingsInput {
  const { key_file, passphrase, password, known_hosts_file, timeout_runs_on, pct_path } = section;
  const agentSocket = environment['SSH_AUTH_SOCK'];
  const isGiven = (value: string | null | undefined): value is string => value !== null && value !== undefined && value !== '';
  return {
    user: section.user,
    port: section.port,
    hostOverrides: section.host_overrides,
    hostFingerprints: Object.fromEntries(
      Object.entries(section.host_fingerprints).map(([node, pins]) => [node, typeof pins === 'string' ? [pins] : pins]),
    ),
    knownHostsFiles: [...(isGiven(known_hosts_file) ? [known_hosts_file] : []), '~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'].map(
      expandHome,
    ),
    useSudo: section.use_sudo,
    preferSshClient: section.prefer_ssh_client,
    forcedCommand: section.forced_command,
    connectTimeoutSeconds: section.connect_timeout,
    ...(isGiven(key_file) ? { keyFile: expandHome(key_file) } : {}),
    ...(isGiven(passphrase) ? { passphrase } : {}),
    ...(isGiven(password) ? { password } : {}),
    ...(isGiven(agentSocket) ? { agentSocket } : {}),
    ...(timeout_runs_on === undefined ? {} : { timeoutRunsOn: timeout_runs_on }),
    ...(pct_path === undefined ? {} : { pctPath: pct_path }),
  };
}

/** What of the section has no effect. */
export function sshWarnings(section: SshSection): readonly string[] {
  return [
    ...(section?.strict_host_key_checking === false
      ? [
          'ssh.strict_host_key_checking=false is ignored: host keys are always checked. Add them to known_hosts, or pin them in ssh.host_fingerprints.',
        ]
      : []),
    ...(section?.allow_node_commands === true ? ['ssh.allow_node_commands is ignored: nothing here runs commands on nodes.'] : []),
  ];
}
