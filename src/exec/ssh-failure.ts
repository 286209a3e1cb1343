import type { ErrorCode } from '../domain/operation-error.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { HostKeyRefusal } from './host-key-verdict.ts';
import { refusalHint } from './host-key-verdict.ts';
import type { SshTarget } from './ssh-settings.ts';

/** Stable words for programs, in `details.reason`. */
export type SshFailureReason =
  | 'unreachable'
  | 'host_key_unknown'
  | 'host_key_changed'
  | 'host_key_revoked'
  | 'authentication_failed'
  | 'key_unusable'
  | 'queue_full'
  | 'aborted'
  | 'closed'
  | 'connection_lost'
  | 'channel_refused'
  | 'refused_by_node'
  | 'client_missing'
  | 'unsupported'
  | 'forward_refused';

interface Failure {
  readonly code?: ErrorCode;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

const CODES: Readonly<Record<SshFailureReason, ErrorCode>> = {
  unreachable: 'proxmox_unreachable',
  host_key_unknown: 'proxmox_failed',
  host_key_changed: 'proxmox_failed',
  host_key_revoked: 'proxmox_failed',
  authentication_failed: 'proxmox_failed',
  key_unusable: 'proxmox_failed',
  queue_full: 'rate_limited',
  aborted: 'timeout',
  closed: 'internal',
  connection_lost: 'proxmox_unreachable',
  channel_refused: 'proxmox_unreachable',
  refused_by_node: 'proxmox_failed',
  client_missing: 'proxmox_failed',
  unsupported: 'invalid_input',
  forward_refused: 'proxmox_unreachable',
};

/** The command did not leave this machine, or the node said that it did not start it: nothing happened. */
export function notSent(reason: SshFailureReason, target: SshTarget, message: string, failure: Failure = {}): OperationError {
  return build(reason, target, message, failure, false);
}

/** The command was sent and its end is not known: it may have run, or still run. */
export function inDoubt(reason: SshFailureReason, target: SshTarget, message: string, failure: Failure = {}): OperationError {
  return build(reason, target, message, failure, true);
}

/** A host key that is not trusted, with what was shown, where to compare it and how to trust it. */
export function hostKeyRefused(target: SshTarget, refusal: HostKeyRefusal): OperationError {
  return notSent(`host_key_${refusal.kind}`, target, refusal.message, {
    hint: refusalHint(refusal),
    details: {
      presented_type: refusal.presented.type,
      presented_fingerprint: refusal.presented.fingerprint,
      compare_command: refusal.compareCommand,
      setting: refusal.setting,
      known_hosts_line: refusal.knownHostsLine,
    },
  });
}

/** The SSH side works, and does not or cannot connect onward. */
export function forwardRefused(target: SshTarget, cause?: unknown): OperationError {
  return notSent('forward_refused', target, `The SSH server ${target.host} does not connect to the far end of the tunnel.`, {
    hint: 'Check that something listens there and that sshd_config allows it (AllowTcpForwarding, PermitOpen).',
    cause,
  });
}

/** What was given up by the caller, before or after the command was sent. */
export function aborted(target: SshTarget, sent: boolean): OperationError {
  if (!sent) return notSent('aborted', target, `The command for node ${target.node} was given up before it was sent.`);
  return inDoubt('aborted', target, `The command on node ${target.node} was given up while it ran, and is ended there.`);
}

/** The moment after which the command was not to be sent came before the connection was ready. */
export function tooLate(target: SshTarget): OperationError {
  return notSent('aborted', target, `The SSH connection to node ${target.node} was ready too late, so the command was not sent.`, {
    hint: 'Try again.',
  });
}

/** True for a connection that turned out to be unusable before the command went out on it. */
export function isNeverSent(error: unknown): boolean {
  if (!(error instanceof OperationError) || error.details['sent'] !== false) return false;
  return error.details['reason'] === 'connection_lost' || error.details['reason'] === 'channel_refused';
}

/** True when a sound connection has no channel to give just now. */
export function isChannelRefused(error: unknown): boolean {
  return error instanceof OperationError && error.details['reason'] === 'channel_refused';
}

function build(reason: SshFailureReason, target: SshTarget, message: string, failure: Failure, sent: boolean): OperationError {
  return new OperationError(failure.code ?? CODES[reason], message, {
    hint: failure.hint,
    effect: sent ? 'unknown' : 'none',
    details: { reason, sent, node: target.node, host: target.host, port: target.port, ...failure.details },
    cause: failure.cause,
  });
}
