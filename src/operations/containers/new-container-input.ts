import { z } from 'zod';
import { nameserver } from '../address-list.ts';
import { node, pool, storage, vmid } from '../inputs.ts';
import { cores, diskGib, memory, swap } from './container-limits.ts';
import { networkFields } from './container-network.ts';

const HOSTNAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;

const mountPoint = z.strictObject({
  path: z
    .string()
    .regex(/^\/[^,\s]{1,200}$/, 'must be an absolute path without commas and blanks')
    .refine((path) => !/\/\.{1,2}(?:\/|$)/.test(path), 'must have no . or .. as a part')
    .describe('Path in the container.'),
  size_gb: diskGib.describe('GiB.'),
  storage: storage.optional(),
  backup: z.boolean().default(false).describe('Include it in backups.'),
});

/** What a new container may be given. */
export const newContainerInput = z.object({
  node,
  vmid: vmid.optional().describe('Id; a free one when left out.'),
  ostemplate: z.string().min(1).max(255).describe('Volid (list_templates).'),
  hostname: z
    .string()
    .max(255)
    .regex(HOSTNAME, 'must be a DNS name: letters, digits, hyphens and dots')
    .optional()
    .describe('Host name; ct-<vmid> when left out.'),
  cores: cores.default(1),
  memory: memory.default(512),
  swap: swap.default(512),
  disk_size: diskGib.default(8).describe('GiB.'),
  storage: storage.optional().describe('For its disks; the one with most free space when left out.'),
  password: z.string().min(5).max(200).optional().describe('Password of root; never stored.'),
  ssh_public_keys: z.string().max(20_000).optional().describe('SSH keys of root, one per line; never stored.'),
  ...networkFields.shape,
  nameserver: nameserver.optional().describe('DNS servers.'),
  searchdomain: z
    .string()
    .regex(/^[a-zA-Z0-9. -]{1,255}$/, 'must be one or more domains, separated by blanks')
    .optional()
    .describe('DNS search domain.'),
  mount_points: z.array(mountPoint).max(16).default([]).describe('Further disks.'),
  start_after_create: z.boolean().default(false).describe('Start it when it is made.'),
  onboot: z.boolean().default(false).describe('Start it when the node boots.'),
  nesting: z.boolean().default(false).describe('For systemd or containers inside.'),
  unprivileged: z.boolean().default(true).describe('Keep this true.'),
  protection: z.boolean().default(false).describe('Refuse to delete it.'),
  tags: z
    .array(z.string().regex(/^[a-zA-Z0-9_][a-zA-Z0-9_+.-]{0,60}$/, 'must be a tag of letters, digits and _ + . -'))
    .max(20)
    .default([])
    .describe('Tags.'),
  pool: pool.optional(),
  description: z.string().max(4000).optional().describe('Notes.'),
});
