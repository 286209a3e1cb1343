import { SCOPES, type Scope } from '../domain/principal.ts';
import { looksLikeToken, type VerifyToken } from './access-token.ts';
import { readCredential } from './credential.ts';
import type { Identity } from './identity.ts';
import type { Keyring } from './keyring.ts';

/** Why a request is not let in, as the answer that says so. */
export interface AuthenticationRefusal {
  readonly status: 401 | 403 | 503;
  readonly detail: string;
  /** `WWW-Authenticate`. Basic is accepted and never offered, so that no browser asks for a password. */
  readonly challenge: string | null;
}

export type AuthenticationOutcome = { readonly identity: Identity } | { readonly refusal: AuthenticationRefusal };

/** Says who stands behind an Authorization header. */
export interface Authenticator {
  /** False where the operator switched authentication off. */
  readonly isRequired: boolean;
  readonly hasTokens: boolean;
  authenticate(header: string | undefined): Promise<AuthenticationOutcome>;
  /** `WWW-Authenticate` for a caller whose token lacks a scope (RFC 6750, 3.1); null for a key, which cannot get more by asking. */
  scopeChallenge(identity: Identity | undefined, needed: Scope): string | null;
}

export interface AuthenticatorOptions {
  readonly keyring: Keyring;
  /** Null without an authorization server. */
  readonly verifyToken: VerifyToken | null;
  /** URL of the metadata document of RFC 9728, for clients that look for the authorization server; null without one. */
  readonly resourceMetadata: string | null;
  /** Who everybody is where neither keys nor tokens are configured. */
  readonly everybody: Identity;
}

export function createAuthenticator({ keyring, verifyToken, resourceMetadata, everybody }: AuthenticatorOptions): Authenticator {
  const isRequired = !keyring.isEmpty || verifyToken !== null;
  const challenge = (...parts: readonly string[]): string => {
    const all = [...parts, ...(resourceMetadata === null ? [] : [`resource_metadata="${resourceMetadata}"`])];
    return all.length === 0 ? 'Bearer' : `Bearer ${all.join(', ')}`;
  };
  const refuse = (status: 401 | 403 | 503, detail: string, header: string | null = null): AuthenticationOutcome => ({
    refusal: { status, detail, challenge: header },
  });

  return {
    isRequired,
    hasTokens: verifyToken !== null,
    async authenticate(header) {
      if (!isRequired) return { identity: everybody };
      const credential = readCredential(header);
      if (credential.kind === 'none') return refuse(401, credential.fault, challenge());
      if (credential.kind === 'bearer' && verifyToken && looksLikeToken(credential.secret)) {
        const outcome = await verifyToken(credential.secret);
        if (outcome.kind === 'known') return { identity: outcome.identity };
        if (outcome.kind === 'unavailable')
          return refuse(503, 'The authorization server does not answer, so the access token cannot be checked');
        return refuse(401, outcome.reason, challenge('error="invalid_token"', `error_description="${outcome.reason}"`));
      }
      const outcome = keyring.find(credential.secret);
      if (outcome.kind === 'known') return { identity: outcome.identity };
      if (outcome.kind === 'expired') return refuse(403, 'The API key has expired');
      return refuse(403, credential.kind === 'bearer' ? 'Invalid API key' : 'Invalid credentials');
    },
    scopeChallenge(identity, needed) {
      if (identity?.kind !== 'oauth') return null;
      // What the token has is named too: a client asks for a token of exactly these, and would lose the others.
      const scopes = SCOPES.filter((scope) => scope === needed || identity.scopes.includes(scope));
      return challenge('error="insufficient_scope"', `scope="${scopes.join(' ')}"`);
    },
  };
}
