import { z } from 'zod';
import { VMID_MAX, VMID_MIN } from '../domain/guest.ts';
import { GRAMMAR } from '../domain/grammar.ts';

/** Fields that several operations share. What node, vmid and job_id are is said once, in the server's instructions. */
export const vmid = z.int().min(VMID_MIN).max(VMID_MAX).describe('Guest id.');
export const node = z.string().regex(GRAMMAR.node, 'must be a node name: letters, digits and hyphens').describe('Node name.');
export const storage = z
  .string()
  .regex(GRAMMAR.storage, 'must be a storage id: a letter, then letters, digits, dots, - and _')
  .describe('Storage id.');
export const snapname = z
  .string()
  .regex(GRAMMAR.snapname, 'must be a letter, then 1 to 39 letters, digits, - or _')
  .describe('Snapshot name.');
export const pool = z.string().regex(GRAMMAR.pool, 'must be a pool id: letters, digits, dots, - and _').describe('Pool.');
export const jobId = z.string().min(1).max(64).describe('Job id.');

/** A VM or container by id; the node is found when it is left out. */
export const guestInput = z.object({ vmid, node: node.optional() });

export const selector = z.string().min(1).max(400).describe('Container: 123, node:123, node/name or name; several separated by commas.');
