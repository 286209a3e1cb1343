import { z } from 'zod';
import { showUntrusted } from '../domain/untrusted-text.ts';
import type { UnavailableStorage } from '../proxmox/content-search.ts';

/** A storage that a list could not read. */
export const unavailableRow = z.object({
  storage: z.string(),
  node: z.string(),
  reason: z.string(),
  stale_seconds: z.int().nullable().describe('What is listed of it is this old; null: nothing is listed of it.'),
});
type UnavailableRow = z.output<typeof unavailableRow>;

export function rowOfUnavailable({ storage, node, reason, staleSeconds }: UnavailableStorage): UnavailableRow {
  return { storage, node, reason, stale_seconds: staleSeconds };
}

/** `Not read: nfs on pve1: "…"; listed as it was 40 s ago`. */
export function lineOfUnavailable({ storage, node, reason, stale_seconds: stale }: UnavailableRow): string {
  return `Not read: ${storage} on ${node}: ${showUntrusted(reason)}${stale === null ? '' : `; listed as it was ${stale} s ago`}`;
}
