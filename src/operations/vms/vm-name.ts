import { z } from 'zod';

const LABEL = '[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?';
const DNS_NAME = new RegExp(`^${LABEL}(?:\\.${LABEL})*$`);

/** What Proxmox takes as the name of a VM. @see pve-common PVE/JSONSchema.pm, format dns-name */
export const vmName = z
  .string()
  .max(253)
  .refine((name) => DNS_NAME.test(name), 'must be a DNS name: letters, digits, hyphens and dots');
