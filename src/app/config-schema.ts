import { z } from 'zod';
import { httpSection, keysSection, oauthSection, webhooksSection } from './http-config-schema.ts';
import { approvalsSection, commandPolicySection, policySection } from './policy-config-schema.ts';
import { apiTunnelSection, sshSection } from './ssh-config-schema.ts';

/** How a setting is found in the environment. */
type EnvironmentSource = {
  readonly env: string;
  /** True when the variable counts even where a config file is used. */
  readonly overridesFile?: boolean;
};

const from = (env: string): EnvironmentSource => ({ env });
const always = (env: string): EnvironmentSource => ({ env, overridesFile: true });

const port = z.int().min(1).max(65_535);
const seconds = (max: number) => z.int().min(1).max(max);
const emptyIsAbsent = <T extends z.ZodType>(schema: T) => schema.nullable().optional();

const proxmox = z.object({
  host: z.string().min(1).max(253).describe('Name or address of any node.').meta(from('PROXMOX_HOST')),
  port: port.default(8006).describe('Port of pveproxy.').meta(from('PROXMOX_PORT')),
  timeout: seconds(600).default(30).describe('Deadline of one request, in seconds.').meta(from('PROXMOX_TIMEOUT')),
  verify_ssl: z
    .boolean()
    .default(true)
    .describe('False needs security.dev_mode; pin a fingerprint instead.')
    .meta(from('PROXMOX_VERIFY_SSL')),
  service: z.enum(['PVE']).default('PVE').describe('Only Proxmox VE.').meta(from('PROXMOX_SERVICE')),
  fingerprint: z
    .union([z.string(), z.array(z.string()).max(8)])
    .optional()
    .describe('SHA-256 of the certificate (or several while it is renewed). Nothing is sent to a host that presents another one.')
    .meta(always('PROXMOX_FINGERPRINT')),
  ca_file: z
    .string()
    .optional()
    .describe('PEM file of the authority, e.g. a copy of /etc/pve/pve-root-ca.pem.')
    .meta(always('PROXMOX_CA_FILE')),
  inventory_seconds: z
    .number()
    .min(0)
    .max(30)
    .default(2)
    .describe('How old lists of guests, nodes and storages may be when they are shown. What a write depends on is always read anew.')
    .meta(always('PROXMOX_INVENTORY_SECONDS')),
  max_connections: z
    .int()
    .min(1)
    .max(64)
    .default(32)
    .describe('Connections for reads at once; one node is never asked more than 8 things at once.')
    .meta(always('PROXMOX_MAX_CONNECTIONS')),
});

const auth = z.object({
  user: z.string().min(3).max(128).describe('USER@REALM of the API token.').meta(from('PROXMOX_USER')),
  token_name: z.string().min(1).max(128).describe('Id of the API token.').meta(from('PROXMOX_TOKEN_NAME')),
  token_value: z
    .string()
    .min(1)
    .max(256)
    .describe('Value of the API token, shown once when it is made.')
    .meta({ ...from('PROXMOX_TOKEN_VALUE'), secret: true }),
});

const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
const logging = z.object({
  level: z.enum(LOG_LEVELS).default('INFO').describe('Least severity that is logged.').meta(always('LOG_LEVEL')),
  format: z.string().optional().describe('Of the predecessor; logs are JSON lines now.'),
  file: emptyIsAbsent(z.string()).describe('Append logs here instead of standard error.'),
});

const mcp = z.object({
  host: z.string().default('127.0.0.1').describe('Address for MCP over HTTP.').meta(always('MCP_HOST')),
  port: z.int().min(0).max(65_535).default(8000).describe('Port for MCP over HTTP.').meta(always('MCP_PORT')),
  transport: z.enum(['STDIO', 'STREAMABLE']).default('STDIO').describe('STREAMABLE is HTTP at /mcp.').meta(always('MCP_TRANSPORT')),
  tools: z
    .string()
    .max(2000)
    .default('all')
    .describe('all, search (a few tools that lead to all operations), or toolsets and operations by name; -name leaves one out.')
    .meta(always('PROXMOX_MCP_TOOLS')),
  dns_rebinding_protection: emptyIsAbsent(z.boolean())
    .describe('Check Host and Origin; on unless false.')
    .meta(always('MCP_DNS_REBINDING_PROTECTION')),
  allowed_hosts: z.array(z.string()).default([]).describe('Further Host headers to accept.').meta(always('MCP_ALLOWED_HOSTS')),
  allowed_origins: z.array(z.string()).default([]).describe('Further Origin headers to accept.').meta(always('MCP_ALLOWED_ORIGINS')),
  tool_allowlist: emptyIsAbsent(z.array(z.string().min(1).max(200)).max(500)).describe(
    'Of the predecessor: all other operations are denied.',
  ),
  tool_denylist: emptyIsAbsent(z.array(z.string().min(1).max(200)).max(500)).describe('Of the predecessor: these operations are denied.'),
});

const jobs = z.object({
  sqlite_path: z.string().optional().describe('File of the job store.').meta(from('PROXMOX_JOBS_SQLITE_PATH')),
  database_url: z
    .string()
    .optional()
    .describe('PostgreSQL in place of SQLite, for several replicas.')
    .meta({ ...always('PROXMOX_JOBS_DATABASE_URL'), secret: true }),
  retention_days: z
    .int()
    .min(1)
    .max(3650)
    .default(90)
    .describe('Finished jobs older than this are removed.')
    .meta(always('PROXMOX_JOBS_RETENTION_DAYS')),
});

const audit = z.object({
  folder: z
    .string()
    .optional()
    .describe('Folder of the audit log; by default audit in the state folder.')
    .meta(always('PROXMOX_MCP_AUDIT_DIR')),
  timeout_ms: z
    .int()
    .min(100)
    .max(60_000)
    .default(900)
    .describe('A disk that takes longer to keep a record counts as broken: writes are refused.')
    .meta(always('PROXMOX_MCP_AUDIT_TIMEOUT_MS')),
});

const security = z.object({
  dev_mode: z.boolean().default(false).describe('Allows verify_ssl=false. Never in production.').meta(from('PROXMOX_DEV_MODE')),
  allow_world_readable_config: z
    .boolean()
    .default(false)
    .describe('Start although every user of this machine can read the config file with its secrets.')
    .meta(always('PROXMOX_MCP_ALLOW_WORLD_READABLE_CONFIG')),
});

/** The whole config file. The sections and keys are those of the predecessor, and more. */
export const configSchema = z.object({
  proxmox: proxmox.describe('Where Proxmox VE is, and how it is told from an impostor.'),
  api_tunnel: apiTunnelSection.prefault({}).describe('The way to the API through SSH, where there is no other.'),
  auth: auth.describe('The API token that everything is done with.'),
  logging: logging.prefault({}).describe('What is logged, and where.'),
  mcp: mcp.prefault({}).describe('The MCP side: which tools it offers, and where it listens when it is served over HTTP.'),
  http: httpSection.prefault({}).describe('The OpenAPI side, and what holds for everything that is served over HTTP.'),
  keys: keysSection.describe('Named keys for HTTP, known by their hashes.'),
  oauth: oauthSection.prefault({}).describe('An OAuth 2.1 authorization server whose tokens are accepted over HTTP.'),
  webhooks: webhooksSection.describe('Servers that are told when a job ends or wants an approval.'),
  jobs: jobs.prefault({}).describe('Where jobs are kept, and how long.'),
  audit: audit.prefault({}).describe('Where calls are recorded.'),
  policy: policySection.prefault({}).describe('What may be done, by whom, on what.'),
  command_policy: commandPolicySection.describe('The command policy of the predecessor; the section policy says the same and more.'),
  approvals: approvalsSection.prefault({}).describe('How people are asked.'),
  ssh: sshSection.describe('How nodes are reached over SSH. Without it, operations on commands and files in containers do not exist.'),
  security: security.prefault({}).describe('What is less safe, and has to be said.'),
});
export type Config = z.output<typeof configSchema>;
