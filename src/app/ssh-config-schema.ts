import { z } from 'zod';
import { emptyIsAbsent, from, port, seconds } from './config-setting.ts';

/** How nodes are reached over SSH, for commands and files in containers. Without it those operations do not exist. */
export const sshSection = z
  .object({
    user: z.string().min(1).max(64).default('root').meta(from('PROXMOX_SSH_USER', 'User on the nodes.')),
    port: port.default(22).meta(from('PROXMOX_SSH_PORT', 'Port of the SSH servers.')),
    key_file: emptyIsAbsent(z.string()).meta(from('PROXMOX_SSH_KEY_FILE', 'Private key.')),
    passphrase: emptyIsAbsent(z.string()).meta({
      ...from('PROXMOX_SSH_PASSPHRASE', 'Passphrase of the private key.'),
      secret: true,
      overridesFile: true,
    }),
    password: emptyIsAbsent(z.string()).meta({
      ...from('PROXMOX_SSH_PASSWORD', 'Password of the user; a key is better.'),
      secret: true,
      overridesFile: true,
    }),
    host_overrides: z
      .record(z.string(), z.string())
      .default({})
      .meta(from('PROXMOX_SSH_HOST_OVERRIDES', 'Node name -> name or address of its SSH server.')),
    host_fingerprints: z
      .record(z.string(), z.union([z.string(), z.array(z.string()).max(8)]))
      .default({})
      .meta(
        from(
          'PROXMOX_SSH_HOST_FINGERPRINTS',
          'Node name -> SHA256:… of its host key, as ssh-keygen -lf prints it; for that node known_hosts then does not count.',
        ),
      ),
    known_hosts_file: emptyIsAbsent(z.string()).meta(
      from('PROXMOX_SSH_KNOWN_HOSTS_FILE', 'A known_hosts file beside ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.'),
    ),
    strict_host_key_checking: z
      .boolean()
      .default(true)
      .meta(from('PROXMOX_SSH_STRICT_HOST_KEY_CHECKING', 'Always true; false is reported and ignored.')),
    use_sudo: z.boolean().default(false).meta(from('PROXMOX_SSH_USE_SUDO', 'Run pct with sudo -n.')),
    prefer_ssh_client: z
      .boolean()
      .default(false)
      .meta(from('PROXMOX_SSH_PREFER_SSH_CLIENT', "Use the system's ssh, with ~/.ssh/config, in place of the built-in client.")),
    forced_command: z.boolean().default(false).meta(from('PROXMOX_SSH_FORCED_COMMAND', 'The key is bound to pct-exec-gate on the nodes.')),
    timeout_runs_on: z
      .enum(['node', 'container'])
      .optional()
      .meta(
        from(
          'PROXMOX_SSH_TIMEOUT_RUNS_ON',
          'Where a command is ended when its time is over; by default the node, with use_sudo the container.',
        ),
      ),
    connect_timeout: seconds(600).default(15).meta(from('PROXMOX_SSH_CONNECT_TIMEOUT', 'Seconds for connecting.')),
    pct_path: z.string().optional().meta(from('PROXMOX_SSH_PCT_PATH', 'Path of pct on the nodes.')),
    allow_node_commands: z.boolean().optional().describe('Of the predecessor; nothing here runs commands on nodes.'),
  })
  .optional();

/** The way to the API through SSH. */
export const apiTunnelSection = z.object({
  enabled: z
    .boolean()
    .default(false)
    .meta(from('PROXMOX_API_TUNNEL_ENABLED', 'Reach the API through SSH; its certificate is verified all the same.')),
  ssh_host: emptyIsAbsent(z.string()).meta(
    from(
      'PROXMOX_API_TUNNEL_SSH_HOST',
      "SSH server to go through, also as user@host; without an ssh section the system's ssh is used, so that this may be an alias.",
    ),
  ),
  local_host: z.string().optional().meta(from('PROXMOX_API_TUNNEL_LOCAL_HOST', 'Of the predecessor; not needed.')),
  local_port: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .meta(from('PROXMOX_API_TUNNEL_LOCAL_PORT', 'Of the predecessor; the port is chosen freely.')),
  remote_host: z.string().default('127.0.0.1').meta(from('PROXMOX_API_TUNNEL_REMOTE_HOST', 'Proxmox VE as the SSH server sees it.')),
  remote_port: port.default(8006).meta(from('PROXMOX_API_TUNNEL_REMOTE_PORT', 'Port of pveproxy there.')),
  connect_timeout: seconds(600).default(15).meta(from('PROXMOX_API_TUNNEL_CONNECT_TIMEOUT', 'Seconds for connecting.')),
});
export type SshSection = z.output<typeof sshSection>;
