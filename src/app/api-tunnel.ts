import type { Environment } from '../domain/environment.ts';
import { isLoopback } from '../domain/loopback.ts';
import { completeSshSettings, type SshSettingsInput } from '../exec/ssh-settings.ts';
import type { Tunnel } from '../exec/tunnel.ts';
import type { Detour } from '../proxmox/tls-connector.ts';
import type { Config } from './config-schema.ts';
import { sshSettings } from './ssh-access.ts';

/** Where requests go, and whose certificate must answer. */
export interface ApiWay {
  /** Name or address in the URL, which the certificate is verified against. */
  readonly host: string;
  readonly port: number;
  /** Set when the connection leads through SSH. */
  readonly detour: Detour | undefined;
  close(): Promise<void>;
}

/**
 * The way to the API: direct, or through a tunnel that is opened when the first request needs it.
 * @throws Error that names the setting that is missing
 */
export function createApiWay({ proxmox, api_tunnel: tunnel, ssh }: Config, environment: Environment): ApiWay {
  if (!tunnel.enabled) return { host: proxmox.host, port: proxmox.port, detour: undefined, close: async () => undefined };
  const { ssh_host: given, remote_host: remoteHost, remote_port: remotePort } = tunnel;
  if (given === null || given === undefined || given === '')
    throw new Error('api_tunnel.ssh_host (PROXMOX_API_TUNNEL_SSH_HOST) is required when the tunnel is enabled.');
  // Without an ssh section the name may be an alias that only the system's client knows, with its user, port and key.
  const base: SshSettingsInput = ssh ? sshSettings(ssh, environment) : { preferSshClient: true, userFromClient: true };
  // `user@host`, as on the command line of ssh.
  const [, user, sshHost = given] = /^(.+)@([^@]+)$/.exec(given) ?? [];
  const settings: SshSettingsInput = {
    ...base,
    connectTimeoutSeconds: tunnel.connect_timeout,
    ...(user === undefined ? {} : { user, userFromClient: false }),
  };
  completeSshSettings(settings);

  let opened: Promise<Tunnel> | undefined;
  const open = (): Promise<Tunnel> => {
    opened ??= import('../exec/tunnel.ts')
      .then(({ openTunnel }) => openTunnel(settings, { sshHost, remoteHost, remotePort }))
      .catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
    return opened;
  };
  return {
    // The predecessor's configurations name the local end of its tunnel as proxmox.host.
    host: isLoopback(proxmox.host) && !isLoopback(remoteHost) ? remoteHost : proxmox.host,
    port: proxmox.port,
    detour: {
      async enter() {
        const { host, port, lastError } = await open();
        return { host, port, lastError };
      },
    },
    async close() {
      const made = await opened?.catch(() => undefined);
      await made?.close();
    },
  };
}
