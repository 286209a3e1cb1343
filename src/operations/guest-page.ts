import { z } from 'zod';
import { partial } from './partial-list.ts';

/** A guest in a list. What is not known is null: a node that is offline reports nothing of its guests. */
export const guestRow = z.object({
  vmid: z.int(),
  name: z.string().nullable(),
  node: z.string(),
  status: z.enum(['running', 'stopped', 'unknown']),
  cpus: z.number().nullable(),
  cpu_usage: z.number().nullable().describe('0 to 1 of its CPUs.'),
  memory_bytes: z.number().nullable(),
  max_memory_bytes: z.number().nullable(),
  max_disk_bytes: z.number().nullable(),
  uptime_seconds: z.number().nullable(),
  tags: z.array(z.string()),
  pool: z.string().nullable(),
  lock: z.string().nullable(),
  template: z.boolean(),
  ha_state: z.string().nullable(),
});

/** One page of a filtered list of guests, and what it left out. */
export const guestPage = z.object({
  guests: z.array(guestRow),
  total: z.int().describe('Guests that match.'),
  running: z.int(),
  stopped: z.int(),
  unknown: z.int().describe('Guests whose node is offline or has not reported.'),
  next_after: z.int().nullable().describe('Pass as after for the next page; null on the last.'),
  partial,
  age_seconds: z.int().min(0).describe('How long ago Proxmox VE was asked.'),
});

export type GuestPage = z.output<typeof guestPage>;
