import type { createRemoteJWKSet } from 'jose';
import { SCOPES, type Scope } from '../domain/principal.ts';
import { isProtectedUrl } from '../domain/protected-url.ts';
import type { Identity } from './identity.ts';

/** The authorization server whose tokens count, and for what they must be meant. */
export interface TokenSettings {
  readonly issuer: string;
  /** What the `aud` claim must name. */
  readonly audience: string;
  /** Where the keys are; null finds it through the issuer's metadata. */
  readonly jwksUri: string | null;
  readonly now: () => Date;
}

export type TokenOutcome =
  | { readonly kind: 'known'; readonly identity: Identity }
  | { readonly kind: 'invalid'; readonly reason: string }
  /** The authorization server does not answer, so nothing can be said of the token. */
  | { readonly kind: 'unavailable' };

/** Checks access tokens that an authorization server signed. */
export type VerifyToken = (token: string) => Promise<TokenOutcome>;

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const FETCH_TIMEOUT_MS = 5000;
const CLOCK_TOLERANCE_SECONDS = 5;
/** How long a failed search for the keys is not repeated: tokens that anybody can send must not make us ask again and again. */
const RETRY_AFTER_MS = 30_000;
/** Longest token, in characters, that is looked at. */
const MAX_LENGTH = 16_384;

/** True for text that has the form of a signed token. API keys have not. */
export function looksLikeToken(text: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(text);
}

/** The library is loaded with the first token. */
export function createTokenVerifier({ issuer, audience, jwksUri, now }: TokenSettings): VerifyToken {
  type Keys = ReturnType<typeof createRemoteJWKSet>;
  let keys: Promise<Keys> | undefined;

  async function findKeys(): Promise<Keys> {
    const { createRemoteJWKSet } = await import('jose');
    return createRemoteJWKSet(new URL(jwksUri ?? (await discoverKeys(issuer))), { timeoutDuration: FETCH_TIMEOUT_MS });
  }

  function knownKeys(): Promise<Keys> {
    if (keys) return keys;
    keys = findKeys();
    keys.catch(() =>
      setTimeout(() => {
        keys = undefined;
      }, RETRY_AFTER_MS).unref(),
    );
    return keys;
  }

  return async (token) => {
    if (token.length > MAX_LENGTH) return { kind: 'invalid', reason: 'The access token is too long' };
    const jose = await import('jose');
    try {
      const { payload } = await jose.jwtVerify(token, await knownKeys(), {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['exp', 'sub'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: now(),
      });
      const subject = (payload.sub ?? '').replace(/[^\x21-\x7e]/g, '_').slice(0, 128);
      const expiresAt = new Date((payload.exp ?? 0) * 1000);
      return { kind: 'known', identity: { kind: 'oauth', id: `oauth:${subject}`, scopes: scopesOf(payload), expiresAt } };
    } catch (error) {
      if (error instanceof jose.errors.JWTExpired) return { kind: 'invalid', reason: 'The access token has expired' };
      if (error instanceof jose.errors.JWTClaimValidationFailed) return { kind: 'invalid', reason: claimReason(error.claim) };
      if (error instanceof jose.errors.JWKSTimeout || error instanceof jose.errors.JWKSInvalid) return { kind: 'unavailable' };
      // The library's general error says that the keys could not be fetched; its subclasses speak of the token.
      if (error instanceof jose.errors.JOSEError && error.code !== 'ERR_JOSE_GENERIC')
        return { kind: 'invalid', reason: 'The access token is not valid' };
      return { kind: 'unavailable' };
    }
  };
}

function claimReason(claim: string): string {
  if (claim === 'aud') return 'The access token is meant for another audience';
  if (claim === 'iss') return 'The access token is from another issuer';
  return `The access token has no acceptable ${claim.replace(/\W/g, '').slice(0, 20)}`;
}

/** @throws TypeError when neither metadata document can be read */
async function discoverKeys(issuer: string): Promise<string> {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  for (const place of [`${origin}/.well-known/oauth-authorization-server${path}`, `${origin}${path}/.well-known/openid-configuration`]) {
    const response = await fetch(place, { redirect: 'error', signal: AbortSignal.timeout(FETCH_TIMEOUT_MS) });
    if (!response.ok) {
      await response.body?.cancel();
      continue;
    }
    const metadata = (await response.json()) as { issuer?: unknown; jwks_uri?: unknown };
    if (metadata.issuer === issuer && typeof metadata.jwks_uri === 'string' && isProtectedUrl(metadata.jwks_uri)) return metadata.jwks_uri;
  }
  throw new TypeError(`The issuer ${issuer} publishes no metadata that names its keys.`);
}

/** Scopes of ours in `scope` or `scp`, plain or as `proxmox:read`. Others mean nothing here. */
function scopesOf(payload: Readonly<Record<string, unknown>>): readonly Scope[] {
  const claim = payload['scope'] ?? payload['scp'] ?? '';
  const names = (Array.isArray(claim) ? claim.map(String) : String(claim).split(' ')).map((name) => name.replace(/^proxmox:/, ''));
  const given = new Set(names);
  return SCOPES.filter((scope) => given.has(scope));
}
