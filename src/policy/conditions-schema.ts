import * as z from 'zod';
import { SURFACES } from '../domain/principal.ts';
import { RISKS } from '../domain/risk.ts';
import { vmidRangeSchema } from './vmid-range.ts';

const names = (what: string) => z.array(z.string().min(1).max(200)).min(1).max(500).describe(what);

/**
 * What a rule looks at. All conditions of a rule must hold; of the values within one condition any one suffices. Names may
 * hold `*`. A rule without conditions holds for every call.
 */
export const conditionFields = {
  operations: names('Names of operations, e.g. delete_vm or delete_*.').optional(),
  toolsets: names('Names of toolsets, e.g. backups.').optional(),
  risks: z.array(z.enum(RISKS)).min(1).describe('Risks of operations.').optional(),
  nodes: names('Names of nodes the call touches.').optional(),
  vmids: z.array(vmidRangeSchema).min(1).max(500).describe('Guest ids or ranges, e.g. [101, "200-299"].').optional(),
  tags: names('Tags of a guest; one of them suffices.').optional(),
  pools: names('Pools a guest belongs to.').optional(),
  guest_types: z
    .array(z.enum(['qemu', 'lxc']))
    .min(1)
    .describe('qemu for VMs, lxc for containers.')
    .optional(),
  template: z.boolean().describe('True for templates only, false for everything else.').optional(),
  protected: z.boolean().describe("True for guests with Proxmox's protection flag or a protected tag, false for all others.").optional(),
  principals: names('Who calls, e.g. local, key:n8n or oauth:*.').optional(),
  surfaces: z.array(z.enum(SURFACES)).min(1).describe('Where the call came in.').optional(),
  untrusted_text: z.boolean().describe('Whether the session has read text that guests or tenants wrote.').optional(),
} as const;

const conditionsSchema = z.strictObject(conditionFields);

/** The conditions of one rule, as written in the config. */
export type Conditions = Readonly<z.infer<typeof conditionsSchema>>;

/** The names of all conditions. */
export const CONDITION_NAMES = Object.keys(conditionFields) as readonly (keyof Conditions)[];
