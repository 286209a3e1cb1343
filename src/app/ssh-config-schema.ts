import { z } from 'zod';

const from = (env: string) => ({ env });
const port = z.int().min(1).max(65_535);
const seconds = (max: number) => z.int().min(1).max(max);
const emptyIsAbsent = <T extends z.ZodType>(schema: T) => schema.nullable().optional();

/** How nodes are reached over SSH, for commands and files in containers. Without it those operations do not exist. */
export const sshSection = z
  .object({
    user: z.string().min(1).max(64).default('root').describe('User on the nodes.').meta(from('PROXMOX_SSH_USER')),
    port: port.default(22).describe('Port of the SSH servers.').meta(from('PROXMOX_SSH_PORT')),
    key_file: emptyIsAbsent(z.string()).describe('Private key.').meta(from('PROXMOX_SSH_KEY_FILE')),
    passphrase: emptyIsAbsent(z.string())
      .describe('Passphrase of the private key.')
      .meta({ ...from('PROXMOX_SSH_PASSPHRASE'), secret: true, overridesFile: true }),
    password: emptyIsAbsent(z.string())
      .describe('Password of the user; a key is better.')
      .meta({ ...from('PROXMOX_SSH_PASSWORD'), secret: true, overridesFile: true }),
    host_overrides: z
      .record(z.string(), z.string())
      .default({})
      .describe('Node name -> name or address of its SSH server.')
      .meta(from('PROXMOX_SSH_HOST_OVERRIDES')),
    host_fingerprints: z
      .record(z.string(), z.union([z.string(), z.array(z.string()).max(8)]))
      .default({})
      .describe('Node name -> SHA256:… of its host key, as ssh-keygen -lf prints it; for that node known_hosts then does not count.')
      .meta(from('PROXMOX_SSH_HOST_FINGERPRINTS')),
    known_hosts_file: emptyIsAbsent(z.string())
      .describe('A known_hosts file beside ~/.ssh/known_hosts and /etc/ssh/ssh_known_hosts.')
      .meta(from('PROXMOX_SSH_KNOWN_HOSTS_FILE')),
    strict_host_key_checking: z
      .boolean()
      .default(true)
      .describe('Always true; false is reported and ignored.')
      .meta(from('PROXMOX_SSH_STRICT_HOST_KEY_CHECKING')),
    use_sudo: z.boolean().default(false).describe('Run pct with sudo -n.').meta(from('PROXMOX_SSH_USE_SUDO')),
    prefer_ssh_client: z
      .boolean()
      .default(false)
      .describe("Use the system's ssh, with ~/.ssh/config, in place of the built-in client.")
      .meta(from('PROXMOX_SSH_PREFER_SSH_CLIENT')),
    forced_command: z
      .boolean()
      .default(false)
      .describe('The key is bound to pct-exec-gate on the nodes.')
      .meta(from('PROXMOX_SSH_FORCED_COMMAND')),
    timeout_runs_on: z
      .enum(['node', 'container'])
      .optional()
      .describe('Where a command is ended when its time is over; by default the node, with use_sudo the container.')
      .meta(from('PROXMOX_SSH_TIMEOUT_RUNS_ON')),
    connect_timeout: seconds(600).default(15).describe('Seconds for connecting.').meta(from('PROXMOX_SSH_CONNECT_TIMEOUT')),
    pct_path: z.string().optional().describe('Path of pct on the nodes.').meta(from('PROXMOX_SSH_PCT_PATH')),
    allow_node_commands: z.boolean().optional().describe('Of the predecessor; nothing here runs commands on nodes.'),
  })
  .optional();

/** The way to the API through SSH. */
export const apiTunnelSection = z.object({
  enabled: z
    .boolean()
    .default(false)
    .describe('Reach the API through SSH; its certificate is verified all the same.')
    .meta(from('PROXMOX_API_TUNNEL_ENABLED')),
  ssh_host: emptyIsAbsent(z.string())
    .describe("SSH server to go through, also as user@host; without an ssh section the system's ssh is used, so that this may be an alias.")
    .meta(from('PROXMOX_API_TUNNEL_SSH_HOST')),
  local_host: z.string().optional().describe('Of the predecessor; not needed.').meta(from('PROXMOX_API_TUNNEL_LOCAL_HOST')),
  local_port: z
    .int()
    .min(0)
    .max(65_535)
    .optional()
    .describe('Of the predecessor; the port is chosen freely.')
    .meta(from('PROXMOX_API_TUNNEL_LOCAL_PORT')),
  remote_host: z
    .string()
    .default('127.0.0.1')
    .describe('Proxmox VE as the SSH server sees it.')
    .meta(from('PROXMOX_API_TUNNEL_REMOTE_HOST')),
  remote_port: port.default(8006).describe('Port of pveproxy there.').meta(from('PROXMOX_API_TUNNEL_REMOTE_PORT')),
  connect_timeout: seconds(600).default(15).describe('Seconds for connecting.').meta(from('PROXMOX_API_TUNNEL_CONNECT_TIMEOUT')),
});
export type SshSection = z.output<typeof sshSection>;
