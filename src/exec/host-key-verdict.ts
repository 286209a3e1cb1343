import type { PinnedFingerprint } from './host-fingerprint.ts';
import { fingerprintOf } from './host-fingerprint.ts';
import type { KnownKeys } from './known-hosts.ts';
import { knownHostsName, readKeyType } from './known-hosts.ts';
import type { SshTarget } from './ssh-settings.ts';

/** The key that a server showed. */
export interface PresentedKey {
  readonly type: string;
  readonly fingerprint: string;
}

/** Why a key is not trusted, and what a person can do about it. */
export interface HostKeyRefusal {
  readonly kind: 'unknown' | 'changed' | 'revoked';
  readonly presented: PresentedKey;
  readonly message: string;
  /** To be run on the node's own console; prints the fingerprint that the node really has. */
  readonly compareCommand: string;
  /** The setting that trusts this key from then on; null for a revoked one. */
  readonly setting: { readonly name: string; readonly value: Readonly<Record<string, string>> } | null;
  readonly knownHostsLine: string | null;
}

export type HostKeyVerdict = { readonly kind: 'match'; readonly presented: PresentedKey } | HostKeyRefusal;

/** Everything that is known beforehand of a host's keys. */
export interface ExpectedKeys {
  readonly pins: readonly PinnedFingerprint[];
  readonly known: KnownKeys;
}

/** Is this the host it claims to be? A revoked key never is; pins outrank known_hosts; nothing is trusted because it came first. */
export function judgeHostKey(key: Buffer, target: SshTarget, expected: ExpectedKeys): HostKeyVerdict {
  const presented = { type: readKeyType(key) ?? 'unknown', fingerprint: fingerprintOf(key) };
  const refuse = (kind: HostKeyRefusal['kind'], why: string): HostKeyRefusal => refuseHostKey(kind, target, presented, why, key);
  const { pins, known } = expected;
  if (known.revoked.some((line) => line.key.equals(key))) return refuse('revoked', 'which known_hosts marks as revoked.');
  if (pins.length > 0) {
    if (pins.some((pin) => pin.fingerprint === presented.fingerprint)) return { kind: 'match', presented };
    return refuse('changed', 'which is not the one pinned in ssh.host_fingerprints.');
  }
  if (known.trusted.some((line) => line.key.equals(key))) return { kind: 'match', presented };
  if (known.trusted.some((line) => line.keyType === presented.type)) {
    return refuse('changed', 'but known_hosts holds another key of this type: the node was reinstalled, or someone is in between.');
  }
  if (known.trusted.length > 0) {
    const types = [...new Set(known.trusted.map((line) => line.keyType))].join(', ');
    return refuse('unknown', `but known_hosts knows this host by other types of key (${types}) only.`);
  }
  if (known.hasCertificateAuthority) {
    return refuse('unknown', 'and known_hosts holds only a @cert-authority for it: host certificates are not supported.');
  }
  return refuse('unknown', 'which is not known yet.');
}

/** Puts a refusal together. `key` is the whole public key, where it is known. */
export function refuseHostKey(
  kind: HostKeyRefusal['kind'],
  target: SshTarget,
  presented: PresentedKey,
  why: string,
  key?: Buffer,
): HostKeyRefusal {
  const name = knownHostsName(target.host, target.port);
  const canTrust = kind !== 'revoked';
  return {
    kind,
    presented,
    message: `Node ${target.node} (${name}) showed the ${presented.type} key ${presented.fingerprint}, ${why}`,
    compareCommand: `ssh-keygen -lf /etc/ssh/ssh_host_${fileWord(presented.type)}_key.pub`,
    setting: canTrust ? { name: 'ssh.host_fingerprints', value: { [target.node]: presented.fingerprint } } : null,
    knownHostsLine: canTrust && key ? `${name} ${presented.type} ${key.toString('base64')}` : null,
  };
}

/** What to do about a refusal, in one sentence. */
export function refusalHint(refusal: HostKeyRefusal): string {
  if (refusal.setting === null) return 'Do not connect. If the key was revoked by mistake, remove the @revoked line from known_hosts.';
  return `Run "${refusal.compareCommand}" on the node's console; only if it prints ${refusal.presented.fingerprint}, set ${refusal.setting.name} to ${JSON.stringify(refusal.setting.value)}.`;
}

/**
 * Host key algorithms in the order to ask for them: those of keys that can be verified first, so that a server with several keys
 * shows one that is known.
 */
export function hostKeyAlgorithms(expected: ExpectedKeys): string[] {
  const types = expected.pins.length > 0 ? expected.pins.map((pin) => pin.keyType) : expected.known.trusted.map((line) => line.keyType);
  const rank = (algorithm: string): number => {
    const type = algorithm.startsWith('rsa-') ? 'ssh-rsa' : algorithm;
    return types.some((known) => known !== undefined && type.startsWith(known)) ? 0 : 1;
  };
  return ALGORITHMS.toSorted((a, b) => rank(a) - rank(b));
}

const ALGORITHMS = ['ssh-ed25519', 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521', 'rsa-sha2-512', 'rsa-sha2-256'];

function fileWord(type: string): string {
  if (type.startsWith('ecdsa')) return 'ecdsa';
  return type === 'ssh-rsa' ? 'rsa' : 'ed25519';
}
