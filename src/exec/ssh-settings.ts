import { GRAMMAR } from '../domain/grammar.ts';
import { OperationError } from '../domain/operation-error.ts';
import { parseHostKeyFingerprint } from './host-fingerprint.ts';

/** How nodes are reached over SSH. Host keys are always checked: there is no setting that turns this off. */
export interface SshSettings {
  readonly user: string;
  /** Leave the user to ~/.ssh/config; the system's client only. */
  readonly userFromClient: boolean;
  readonly port: number;
  /** Private key; `~/` is the home folder. */
  readonly keyFile?: string;
  readonly passphrase?: string;
  readonly password?: string;
  /** Socket of a running ssh-agent (on Windows a named pipe). The agent is asked for signatures and never forwarded. */
  readonly agentSocket?: string;
  /** Read anew for each connection; a file that does not exist counts as empty. */
  readonly knownHostsFiles: readonly string[];
  /** Node or host -> `SHA256:…` fingerprints. Where a host has some, they decide and known_hosts does not. */
  readonly hostFingerprints: Readonly<Record<string, readonly string[]>>;
  /** Node -> the name or address to connect to. */
  readonly hostOverrides: Readonly<Record<string, string>>;
  readonly useSudo: boolean;
  /** Run the system's OpenSSH client, which also reads ~/.ssh/config, in place of the built-in one. */
  readonly preferSshClient: boolean;
  /** The key is bound to `pct-exec-gate` in the node's authorized_keys. */
  readonly forcedCommand: boolean;
  readonly connectTimeoutSeconds: number;
  readonly keepaliveSeconds: number;
  /** A connection without a command is closed after this time. */
  readonly idleSeconds: number;
  /** Absolute path of `pct` on the nodes. */
  readonly pctPath: string;
  /**
   * Where the guard of a command runs. `node` needs no tools in the container; it needs root, or a sudo rule for `sh`, which is as good as
   * root. `container` gets by with the narrow sudo rule `/usr/sbin/pct exec *`.
   */
  readonly timeoutRunsOn: 'node' | 'container';
}

/** What a configuration has to say; the rest has defaults. */
export type SshSettingsInput = Partial<SshSettings>;

/** The node, and where its SSH server is. */
export interface SshTarget {
  readonly node: string;
  readonly host: string;
  readonly port: number;
}

const DEFAULTS: SshSettings = {
  user: 'root',
  userFromClient: false,
  port: 22,
  knownHostsFiles: ['~/.ssh/known_hosts', '/etc/ssh/ssh_known_hosts'],
  hostFingerprints: {},
  hostOverrides: {},
  useSudo: false,
  preferSshClient: false,
  forcedCommand: false,
  connectTimeoutSeconds: 15,
  keepaliveSeconds: 15,
  idleSeconds: 60,
  pctPath: '/usr/sbin/pct',
  timeoutRunsOn: 'node',
};

const HOST = /^(?!-)[A-Za-z0-9_.:%-]{1,253}$/;
const USER = /^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$/;
const ABSOLUTE_PATH = /^\/[A-Za-z0-9_./-]+$/;

/**
 * Settings with all defaults filled in. With sudo, the guard runs in the container unless told otherwise.
 * @throws OperationError invalid_input that names the setting
 */
export function completeSshSettings(given: SshSettingsInput = {}): SshSettings {
  const settings: SshSettings = { ...DEFAULTS, timeoutRunsOn: given.useSudo ? 'container' : 'node', ...given };
  if (!USER.test(settings.user)) throw badSetting('user', 'is no user name');
  if (!isPort(settings.port)) throw badSetting('port', 'is no port (1 to 65535)');
  if (!ABSOLUTE_PATH.test(settings.pctPath)) throw badSetting('pct_path', 'is no plain absolute path');
  for (const [node, host] of Object.entries(settings.hostOverrides)) {
    if (!HOST.test(host)) throw badSetting('host_overrides', `gives ${JSON.stringify(node)} a value that is no host name or address`);
  }
  for (const [key, name] of [
    ['connectTimeoutSeconds', 'connect_timeout'],
    ['keepaliveSeconds', 'keepalive'],
    ['idleSeconds', 'idle'],
  ] as const) {
    if (!(settings[key] > 0 && settings[key] <= 3600)) throw badSetting(name, 'is not between 0 and 3600 seconds');
  }
  Object.values(settings.hostFingerprints).flat().forEach(parseHostKeyFingerprint);
  return settings;
}

/**
 * Where a node's SSH server is: its override, else its own name.
 * @throws OperationError invalid_input when the node has no valid name
 */
export function sshTarget(settings: SshSettings, node: string): SshTarget {
  if (!GRAMMAR.node.test(node)) {
    throw new OperationError('invalid_input', `${JSON.stringify(node.slice(0, 80))} is no name of a node.`, {
      details: { field: 'node', sent: false },
    });
  }
  const override = Object.hasOwn(settings.hostOverrides, node) ? settings.hostOverrides[node] : undefined;
  return { node, host: override ?? node, port: settings.port };
}

/** True for what may stand where a host is named: a name, an IPv4 or an IPv6 address, never an option. */
export function isHostName(host: string): boolean {
  return HOST.test(host);
}

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65_535;
}

function badSetting(name: string, problem: string): OperationError {
  return new OperationError('invalid_input', `The setting ssh.${name} ${problem}.`, { details: { field: `ssh.${name}`, sent: false } });
}
