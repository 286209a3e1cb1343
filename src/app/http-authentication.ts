import type { Clock } from '../domain/clock.ts';
import type { Environment } from '../domain/environment.ts';
import { isLoopback } from '../domain/loopback.ts';
import type { Secrets } from '../domain/secrets.ts';
import type { Authenticator } from '../http/authenticator.ts';
import { ANONYMOUS, LOCAL } from '../http/identity.ts';
import type { ResourceMetadataOptions } from '../http/resource-metadata.ts';
import type { Config } from './config-schema.ts';

/** Shorter keys can be tried out. */
const SHORT_KEY = 16;

export interface HttpAuthentication {
  readonly authenticator: Authenticator;
  readonly resource: ResourceMetadataOptions | null;
}

/**
 * Who may come in, from the configuration.
 * @throws Error when everybody could and the operator has not said so
 */
export async function authenticationOf(
  config: Config,
  environment: Environment,
  place: { readonly host: string; readonly door: 'rest' | 'mcp'; readonly clock: Clock; readonly secrets: Secrets },
): Promise<HttpAuthentication> {
  const { host, door, clock, secrets } = place;
  const [{ createAuthenticator }, { createKeyring }, { createTokenVerifier }, { resourceMetadataUrl }] = await Promise.all([
    import('../http/authenticator.ts'),
    import('../http/keyring.ts'),
    import('../http/access-token.ts'),
    import('../http/resource-metadata.ts'),
  ]);
  const fullKey = config.http.api_key ?? (environment['PROXMOX_API_KEY'] || null);
  secrets.add(fullKey);
  const now = (): Date => clock.now();
  const keys = config.keys.map(({ name, hash, scopes, expires }) => ({
    name,
    hash,
    scopes,
    expiresAt: expires === undefined ? null : new Date(expires),
  }));
  const keyring = createKeyring({ fullKey, keys, now });
  const { issuer, audience, jwks_uri: jwksUri = null, resource = audience } = config.oauth;
  if ((issuer === undefined) !== (audience === undefined))
    throw new Error('oauth.issuer and oauth.audience belong together: a token for anybody must not open this server.');
  const tokens = issuer === undefined || audience === undefined ? null : { issuer, audience, jwksUri, now };
  const published = tokens === null || resource === undefined || !URL.canParse(resource) ? null : { issuer: tokens.issuer, resource };

  const allowsAll = config.http.allow_no_auth || environment['PROXMOX_ALLOW_NO_AUTH'] === 'true';
  const isOpen = keyring.isEmpty && tokens === null;
  if (isOpen && !allowsAll && !(door === 'mcp' && isLoopback(host))) throw new Error(refusal(door, host));
  return {
    authenticator: createAuthenticator({
      keyring,
      verifyToken: tokens === null ? null : createTokenVerifier(tokens),
      resourceMetadata: published === null ? null : resourceMetadataUrl(published.resource),
      everybody: door === 'mcp' && isLoopback(host) ? LOCAL : ANONYMOUS,
    }),
    resource: published,
  };
}

function refusal(door: 'rest' | 'mcp', host: string): string {
  return door === 'mcp'
    ? `MCP over HTTP on ${host} needs PROXMOX_API_KEY, because anybody who reaches it could operate the cluster. ` +
        'Set it, or listen on 127.0.0.1 (MCP_HOST), or set PROXMOX_ALLOW_NO_AUTH=true.'
    : 'HTTP needs PROXMOX_API_KEY (or named keys), because anybody who reaches it could operate the cluster. ' +
        'Set it, or set PROXMOX_ALLOW_NO_AUTH=true where something else keeps strangers out.';
}

/** What the operator has opened further than is wise, in sentences. */
export function securityWarnings(config: Config, isAuthRequired: boolean): readonly string[] {
  const { api_key: key = '', cors_allow_origins: origins, public_docs: publicDocs, host } = config.http;
  return [
    ...(isAuthRequired ? [] : ['No key is asked for: whoever reaches this port operates the cluster.']),
    ...(key !== '' && key.length < SHORT_KEY
      ? [`PROXMOX_API_KEY has ${key.length} characters and can be guessed: openssl rand -base64 32`]
      : []),
    ...(origins.includes('*') ? ['Every web page may read answers: name the pages in MCPO_CORS_ALLOW_ORIGINS.'] : []),
    ...(publicDocs ? ['The documentation is shown without a key.'] : []),
    ...(config.http.rate_limit_rpm === 0 && !isLoopback(host) ? ['Requests are not limited: set PROXMOX_RATE_LIMIT_RPM.'] : []),
  ];
}
