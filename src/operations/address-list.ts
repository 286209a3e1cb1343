import { isIP } from 'node:net';
import { z } from 'zod';

/** DNS servers as Proxmox takes them, separated by blanks, commas or semicolons. @see pve-common PVE/JSONSchema.pm, address-list */
export const nameserver = z
  .string()
  .max(256)
  .refine(
    (text) => text.split(/[ ,;]+/).every((address) => isIP(address.replace(/^(fe80:[^%]*)%\w+$/i, '$1')) !== 0),
    'must be one or more IP addresses, separated by blanks',
  );
