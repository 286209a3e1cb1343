import type { Principal, Scope, Surface } from '../domain/principal.ts';

/** Who stands behind a credential; a surface makes a principal of it. */
export interface Identity {
  readonly kind: Principal['kind'];
  /** `key:n8n`, `oauth:alice`, `anonymous`. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  /** When the credential stops to count; null when it never does. */
  readonly expiresAt: Date | null;
}

/** The key that the server is started with: it may do everything. */
export const FULL_KEY: Identity = { kind: 'key', id: 'key:api', scopes: ['admin'], expiresAt: null };

/** Everybody, where the operator switched authentication off. Approvals need somebody with a name. */
export const ANONYMOUS: Identity = { kind: 'local', id: 'anonymous', scopes: ['read', 'operate', 'destroy', 'execute'], expiresAt: null };

/** The person at this machine, where a server listens on loopback only and without keys. */
export const LOCAL: Identity = { kind: 'local', id: 'local', scopes: ['admin'], expiresAt: null };

export function principalOn(surface: Surface, { kind, id, scopes }: Identity): Principal {
  return { kind, id, scopes, surface };
}
