import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Scope } from '../domain/principal.ts';
import { FULL_KEY, type Identity } from './identity.ts';

/** A key as it is configured: known by its hash only. */
export interface NamedKey {
  readonly name: string;
  /** `sha256:` and 64 hex digits, as `hashKey` makes it. */
  readonly hash: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt: Date | null;
}

export interface KeyringOptions {
  /** The key that may do everything, in clear; null without one. */
  readonly fullKey: string | null;
  readonly keys: readonly NamedKey[];
  readonly now: () => Date;
}

export type KeyOutcome =
  | { readonly kind: 'known'; readonly identity: Identity }
  | { readonly kind: 'expired' }
  | { readonly kind: 'unknown' };

/** The API keys of this server. */
export interface Keyring {
  readonly isEmpty: boolean;
  /** Takes the same time whichever key it is, or none. */
  find(presented: string): KeyOutcome;
}

const HASH = /^sha256:([0-9a-f]{64})$/i;

/** A new random key of 256 bits. Show it once; store its hash. */
export function newKey(): string {
  return `pmcp_${randomBytes(32).toString('base64url')}`;
}

/** What is stored of a key. Keys are random and long, so a plain digest cannot be turned back by guessing. */
export function hashKey(key: string): string {
  return `sha256:${digest(key).toString('hex')}`;
}

/** @throws RangeError for a hash that is none */
export function createKeyring({ fullKey, keys, now }: KeyringOptions): Keyring {
  const entries: readonly (readonly [Buffer, Identity])[] = [
    ...(fullKey === null ? [] : [[digest(fullKey), FULL_KEY] as const]),
    ...keys.map(({ name, hash, scopes, expiresAt }) => [parseHash(hash), { kind: 'key', id: `key:${name}`, scopes, expiresAt }] as const),
  ];
  return {
    isEmpty: entries.length === 0,
    find(presented) {
      const shown = digest(presented);
      let found: Identity | undefined;
      for (const [stored, identity] of entries) if (timingSafeEqual(shown, stored)) found ??= identity;
      if (!found) return { kind: 'unknown' };
      return found.expiresAt !== null && found.expiresAt <= now() ? { kind: 'expired' } : { kind: 'known', identity: found };
    },
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function parseHash(hash: string): Buffer {
  const hex = HASH.exec(hash)?.[1];
  if (hex === undefined) throw new RangeError('A key hash is "sha256:" and 64 hex digits.');
  return Buffer.from(hex, 'hex');
}
