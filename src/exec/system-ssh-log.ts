import type { OperationError } from '../domain/operation-error.ts';
import { refuseHostKey } from './host-key-verdict.ts';
import type { HostKeyRefusal } from './host-key-verdict.ts';
import type { ProcessEnd } from './remote-process.ts';
import { forwardRefused, hostKeyRefused, notSent } from './ssh-failure.ts';
import type { SshSettings, SshTarget } from './ssh-settings.ts';

/**
 * What became of the command, from what OpenSSH's client logged at its first debug level: its exit code alone does not tell its own
 * failure (255) from a command's.
 * @see openssh clientloop.c (client_input_channel_req), sshconnect.c (check_host_key)
 */
export function readSystemSshLog(log: string, exitCode: number | null, settings: SshSettings, target: SshTarget): ProcessEnd {
  if (/^debug1: client_input_channel_req: .*rtype exit-status /m.test(log) && exitCode !== null) return { kind: 'exit', code: exitCode };
  if (/^debug1: client_input_channel_req: .*rtype exit-signal /m.test(log)) return { kind: 'signal', signal: 'unknown' };
  if (/^debug1: Sending command: /m.test(log))
    return { kind: 'lost', error: new Error(`The SSH client ended with ${exitCode ?? 'a signal'}.`) };
  return { kind: 'never-sent', error: connectFailure(log, settings, target), letIn: /^Authenticated to /m.test(log) };
}

/** Why the client did not get as far as sending anything. */
function connectFailure(log: string, settings: SshSettings, target: SshTarget): OperationError {
  const [, type = 'unknown', fingerprint = 'unknown'] = /^debug1: Server host key: (\S+) (SHA256:\S+)/m.exec(log) ?? [];
  const refuse = (kind: HostKeyRefusal['kind'], why: string): OperationError =>
    hostKeyRefused(target, refuseHostKey(kind, target, { type, fingerprint }, why));
  if (/REVOKED HOST KEY DETECTED|is marked as revoked/i.test(log)) return refuse('revoked', 'which known_hosts marks as revoked.');
  if (/REMOTE HOST IDENTIFICATION HAS CHANGED/.test(log)) return refuse('changed', 'but known_hosts holds another key for this host.');
  if (/Host key verification failed|host key is known for/.test(log)) return refuse('unknown', 'which is not known yet.');
  if (/Permission denied|Too many authentication failures|No more authentication methods/.test(log)) {
    return notSent('authentication_failed', target, `Node ${target.node} does not let user ${settings.user} in over SSH.`, {
      hint: 'Check ssh.user and the key; a key with a passphrase has to be in an agent.',
    });
  }
  if (/stdio forwarding failed/.test(log)) return forwardRefused(target);
  return notSent('unreachable', target, `Node ${target.node} cannot be reached over SSH at ${target.host} port ${target.port}.`, {
    hint: 'Check ssh.host_overrides and ssh.port, and that sshd runs on the node.',
  });
}
