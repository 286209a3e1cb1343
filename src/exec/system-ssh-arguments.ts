import { expandHome } from '../domain/home-path.ts';
import { notSent } from './ssh-failure.ts';
import { isHostName, type SshSettings, type SshTarget } from './ssh-settings.ts';

/** Run a command, or carry stdin and stdout to an address as the far side sees it. */
export type SystemSshPurpose = { readonly command: string } | { readonly forward: { readonly host: string; readonly port: number } };

/**
 * Arguments for OpenSSH's `ssh`, which also reads ~/.ssh/config; what stands here outranks that file.
 * @throws OperationError unsupported for settings that the client could not honour without weakening them
 */
export function systemSshArguments(settings: SshSettings, target: SshTarget, purpose: SystemSshPurpose): string[] {
  const { user, userFromClient, port, keyFile, agentSocket } = settings;
  const unsupported = findUnsupported(settings, target);
  if (unsupported) {
    throw notSent('unsupported', target, `The system's SSH client cannot use ${unsupported}.`, {
      hint: 'Set ssh.prefer_ssh_client to false, or use a key from an agent and a known_hosts file.',
    });
  }
  if (!isHostName(target.host)) throw notSent('unsupported', target, 'The host is no name or address.');
  return [
    '-T',
    ...option('BatchMode', 'yes'),
    ...option('StrictHostKeyChecking', 'yes'),
    ...option('NoHostAuthenticationForLocalhost', 'no'),
    ...option('VerifyHostKeyDNS', 'no'),
    ...option('UserKnownHostsFile', settings.knownHostsFiles.map((file) => quotePath(expandHome(file), target)).join(' ') || 'none'),
    ...option('UpdateHostKeys', 'no'),
    ...option('ForwardAgent', 'no'),
    ...option('ForwardX11', 'no'),
    ...option('PermitLocalCommand', 'no'),
    ...option('RemoteCommand', 'none'),
    ...option('EscapeChar', 'none'),
    ...option('ControlMaster', 'no'),
    ...option('ControlPath', 'none'),
    ...option('ConnectionAttempts', '1'),
    ...option('ConnectTimeout', String(Math.ceil(settings.connectTimeoutSeconds))),
    ...option('ServerAliveInterval', String(Math.ceil(settings.keepaliveSeconds))),
    ...option('ServerAliveCountMax', '3'),
    ...(userFromClient ? [] : option('User', user)),
    // Port 22 is left to ~/.ssh/config, where an alias may say otherwise.
    ...(port === 22 ? [] : option('Port', String(port))),
    ...(keyFile === undefined ? [] : option('IdentityFile', quotePath(expandHome(keyFile), target))),
    ...(keyFile !== undefined && agentSocket === undefined ? option('IdentitiesOnly', 'yes') : []),
    ...(agentSocket === undefined ? [] : option('IdentityAgent', quotePath(agentSocket, target))),
    ...('forward' in purpose
      ? [...option('ClearAllForwardings', 'yes'), '-W', `${bracket(purpose.forward.host)}:${purpose.forward.port}`, '--', target.host]
      : [...option('ClearAllForwardings', 'yes'), '--', target.host, purpose.command]),
  ];
}

function findUnsupported(settings: SshSettings, target: SshTarget): string | undefined {
  if (settings.password !== undefined) return 'a password';
  if (settings.passphrase !== undefined) return 'a passphrase';
  const hasPins = [target.node, target.host].some((name) => Object.hasOwn(settings.hostFingerprints, name));
  return hasPins ? 'pinned fingerprints' : undefined;
}

function option(name: string, value: string): string[] {
  return ['-o', `${name}=${value}`];
}

/** OpenSSH splits values at spaces and expands `%`. */
function quotePath(path: string, target: SshTarget): string {
  if (/["\n\r\0$]/.test(path))
    throw notSent('unsupported', target, `The path ${JSON.stringify(path)} holds a character that the SSH client misreads.`);
  return `"${path.replaceAll('%', '%%')}"`;
}

function bracket(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
