import { z } from 'zod';
import { readOnlyField } from '../policy/read-only-field.ts';
import { always, emptyIsAbsent, from, port, seconds } from './config-setting.ts';

export const proxmoxSection = z.object({
  host: z.string().min(1).max(253).meta(from('PROXMOX_HOST', 'Name or address of any node.')),
  port: port.default(8006).meta(from('PROXMOX_PORT', 'Port of pveproxy.')),
  timeout: seconds(600).default(30).meta(from('PROXMOX_TIMEOUT', 'Deadline of one request, in seconds.')),
  verify_ssl: z.boolean().default(true).meta(from('PROXMOX_VERIFY_SSL', 'False needs security.dev_mode; pin a fingerprint instead.')),
  service: z.enum(['PVE']).default('PVE').meta(from('PROXMOX_SERVICE', 'Only Proxmox VE.')),
  fingerprint: z
    .union([z.string(), z.array(z.string()).max(8)])
    .optional()
    .meta(
      always(
        'PROXMOX_FINGERPRINT',
        'SHA-256 of the certificate (or several while it is renewed). Nothing is sent to a host that presents another one.',
      ),
    ),
  ca_file: z.string().optional().meta(always('PROXMOX_CA_FILE', 'PEM file of the authority, e.g. a copy of /etc/pve/pve-root-ca.pem.')),
  inventory_seconds: z
    .number()
    .min(0)
    .max(30)
    .default(2)
    .meta(
      always(
        'PROXMOX_INVENTORY_SECONDS',
        'How old lists of guests, nodes and storages may be when they are shown. What a write depends on is always read anew.',
      ),
    ),
  max_connections: z
    .int()
    .min(1)
    .max(64)
    .default(32)
    .meta(always('PROXMOX_MAX_CONNECTIONS', 'Connections for reads at once; one node is never asked more than 8 things at once.')),
});

export const authSection = z.object({
  user: z.string().min(3).max(128).meta(from('PROXMOX_USER', 'USER@REALM of the API token.')),
  token_name: z.string().min(1).max(128).meta(from('PROXMOX_TOKEN_NAME', 'Id of the API token.')),
  token_value: z
    .string()
    .min(1)
    .max(256)
    .meta({ ...from('PROXMOX_TOKEN_VALUE', 'Value of the API token, shown once when it is made.'), secret: true }),
});

const LOG_LEVELS = ['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'] as const;
export const loggingSection = z.object({
  level: z.enum(LOG_LEVELS).default('INFO').meta(always('LOG_LEVEL', 'Least severity that is logged.')),
  format: z.string().optional().describe('Of the predecessor; logs are JSON lines now.'),
  file: emptyIsAbsent(z.string()).describe('Append logs here instead of standard error.'),
});

export const mcpSection = z.object({
  host: z.string().default('127.0.0.1').meta(always('MCP_HOST', 'Address for MCP over HTTP.')),
  port: z.int().min(0).max(65_535).default(8000).meta(always('MCP_PORT', 'Port for MCP over HTTP.')),
  transport: z.enum(['STDIO', 'STREAMABLE']).default('STDIO').meta(always('MCP_TRANSPORT', 'STREAMABLE is HTTP at /mcp.')),
  tools: z
    .string()
    .max(2000)
    .default('all')
    .meta(
      always(
        'PROXMOX_MCP_TOOLS',
        'all, search (a few tools that lead to all operations), or toolsets and operations by name; -name leaves one out.',
      ),
    ),
  dns_rebinding_protection: emptyIsAbsent(z.boolean()).meta(
    always('MCP_DNS_REBINDING_PROTECTION', 'Check Host and Origin; on unless false.'),
  ),
  allowed_hosts: z.array(z.string()).default([]).meta(always('MCP_ALLOWED_HOSTS', 'Further Host headers to accept.')),
  allowed_origins: z.array(z.string()).default([]).meta(always('MCP_ALLOWED_ORIGINS', 'Further Origin headers to accept.')),
  tool_allowlist: emptyIsAbsent(z.array(z.string().min(1).max(200)).max(500)).describe(
    'Of the predecessor: all other operations are denied.',
  ),
  tool_denylist: emptyIsAbsent(z.array(z.string().min(1).max(200)).max(500)).describe('Of the predecessor: these operations are denied.'),
});

export const jobsSection = z.object({
  sqlite_path: z.string().optional().meta(from('PROXMOX_JOBS_SQLITE_PATH', 'File of the job store.')),
  database_url: z
    .string()
    .optional()
    .meta({ ...always('PROXMOX_JOBS_DATABASE_URL', 'PostgreSQL in place of SQLite, for several replicas.'), secret: true }),
  retention_days: z
    .int()
    .min(1)
    .max(3650)
    .default(90)
    .meta(always('PROXMOX_JOBS_RETENTION_DAYS', 'Finished jobs older than this are removed.')),
});

export const auditSection = z.object({
  folder: z.string().optional().meta(always('PROXMOX_MCP_AUDIT_DIR', 'Folder of the audit log; by default audit in the state folder.')),
  timeout_ms: z
    .int()
    .min(100)
    .max(60_000)
    .default(900)
    .meta(always('PROXMOX_MCP_AUDIT_TIMEOUT_MS', 'A disk that takes longer to keep a record counts as broken: writes are refused.')),
});

export const securitySection = z.object({
  dev_mode: z.boolean().default(false).meta(from('PROXMOX_DEV_MODE', 'Allows verify_ssl=false. Never in production.')),
  allow_world_readable_config: z
    .boolean()
    .default(false)
    .meta(
      always(
        'PROXMOX_MCP_ALLOW_WORLD_READABLE_CONFIG',
        'Start although every user of this machine can read the config file with its secrets.',
      ),
    ),
});

export const readOnlySetting = readOnlyField.meta({ env: 'PROXMOX_MCP_READ_ONLY', overridesFile: true });
/** A policy that says no more than this is an ordinary one. */
export const plainPolicySection = z.strictObject({ read_only: readOnlySetting });
