import { createHash } from 'node:crypto';
import { OperationError } from '../domain/operation-error.ts';

/** A pinned host key, by the SHA-256 of the public key. */
export interface PinnedFingerprint {
  /** `SHA256:` and 43 characters of base64, as ssh-keygen prints it. */
  readonly fingerprint: string;
  /** Known when a whole line of `ssh-keygen -l` was given; lets the right one of several host keys be asked for. */
  readonly keyType: 'ssh-ed25519' | 'ssh-rsa' | 'ecdsa' | undefined;
}

const FINGERPRINT = /(?:^|\s)SHA256:([A-Za-z0-9+/]{43})=?(?:\s|$)/;
const KEY_TYPES = { ED25519: 'ssh-ed25519', RSA: 'ssh-rsa', ECDSA: 'ecdsa' } as const;

/** `SHA256:…` of a public key, as `ssh-keygen -l` prints it. */
export function fingerprintOf(key: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/**
 * Reads `SHA256:…` or a whole line of `ssh-keygen -lf`.
 * @throws OperationError invalid_input for anything else, MD5 fingerprints included
 */
export function parseHostKeyFingerprint(text: string): PinnedFingerprint {
  const found = FINGERPRINT.exec(text.trim());
  if (!found) {
    throw new OperationError('invalid_input', `${JSON.stringify(text.slice(0, 120))} is no SHA-256 fingerprint of a host key.`, {
      hint: 'Give it as ssh-keygen -lf prints it: SHA256: and 43 characters.',
      details: { field: 'ssh.host_fingerprints', sent: false },
    });
  }
  const type = /\((ED25519|RSA|ECDSA)\)\s*$/.exec(text.trim())?.[1] as keyof typeof KEY_TYPES | undefined;
  return { fingerprint: `SHA256:${found[1]}`, keyType: type && KEY_TYPES[type] };
}
