import { readFileSync } from 'node:fs';
import type { Environment } from '../domain/environment.ts';
import { expandHome } from '../domain/home-path.ts';
import { OperationError } from '../domain/operation-error.ts';
import { systemReason } from '../domain/thrown.ts';
import { createProxmoxApi, type ProxmoxApi, type RequestObservation } from '../proxmox/api.ts';
import type { TlsTrust } from '../proxmox/tls-connector.ts';
import { createTransport } from '../proxmox/transport.ts';
import { createApiWay } from './api-tunnel.ts';
import type { Config } from './config-schema.ts';
import { VERSION } from './version.ts';

interface ConnectOptions {
  /** Names the socket of the SSH agent. */
  readonly environment?: Environment;
}

/** `USER@REALM!TOKENID`, which is no secret. */
function tokenIdOf({ auth }: Pick<Config, 'auth'>): string {
  return `${auth.user}!${auth.token_name}`;
}

/**
 * The way to Proxmox VE that the configuration describes, through a tunnel where it says so. Nothing is sent before the first
 * request.
 * @throws Error that names the setting that is wrong
 */
export function connectToProxmox(
  config: Config,
  observe: (observation: RequestObservation) => void = () => undefined,
  { environment = process.env }: ConnectOptions = {},
): ProxmoxApi {
  const { proxmox, auth } = config;
  const tokenId = tokenIdOf(config);
  const way = createApiWay(config, environment);
  const transport = createTransport({
    host: way.host,
    port: way.port,
    detour: way.detour,
    apiToken: `${tokenId}=${auth.token_value}`,
    trust: trustOf(config),
    timeoutMs: proxmox.timeout * 1000,
    maxConnections: proxmox.max_connections,
    userAgent: `proxmox-mcp-plus/${VERSION}`,
  });
  const api = createProxmoxApi(transport, tokenId, observe);
  return {
    ...api,
    async close() {
      await api.close();
      await way.close();
    },
  };
}

/**
 * Which certificates are trusted.
 * @throws OperationError `invalid_input` when the file of the authority cannot be read
 */
export function trustOf({ proxmox }: Config): TlsTrust {
  const { fingerprint } = proxmox;
  if (fingerprint !== undefined) return { mode: 'pinned', fingerprints: typeof fingerprint === 'string' ? [fingerprint] : fingerprint };
  if (!proxmox.verify_ssl) return { mode: 'unverified' };
  return proxmox.ca_file === undefined ? { mode: 'authorities' } : { mode: 'authorities', ca: readAuthority(proxmox.ca_file) };
}

function readAuthority(file: string): string {
  try {
    return readFileSync(expandHome(file), 'utf8');
  } catch (error) {
    throw new OperationError(
      'invalid_input',
      `proxmox.ca_file (PROXMOX_CA_FILE) is ${JSON.stringify(file)}, which cannot be read: ${systemReason(error)}.`,
      {
        hint: 'Copy /etc/pve/pve-root-ca.pem from a node there, or pin the certificate with proxmox.fingerprint instead.',
      },
    );
  }
}
