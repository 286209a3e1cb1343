import * as z from 'zod';
import { VMID_MAX, VMID_MIN } from '../domain/guest.ts';

/** Guest ids from `first` to `last`, both included. */
export interface VmidRange {
  readonly first: number;
  readonly last: number;
}

/** `101`, `"101"` or `"100-199"`. */
export const vmidRangeSchema = z
  .union([z.int().min(VMID_MIN).max(VMID_MAX), z.string().regex(/^[1-9][0-9]{2,8}(?:-[1-9][0-9]{2,8})?$/)], {
    error: 'Write a guest id (101) or a range ("100-199").',
  })
  .refine((value) => parseVmidRange(value).first <= parseVmidRange(value).last, {
    error: 'The range ends before it starts.',
  })
  .describe('A guest id (101) or a range of ids ("100-199").');

/** Reads what `vmidRangeSchema` accepts. */
export function parseVmidRange(value: number | string): VmidRange {
  const [first, last] = String(value).split('-').map(Number);
  return { first: first ?? Number.NaN, last: last ?? first ?? Number.NaN };
}
