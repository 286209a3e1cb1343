const MARKER = /\n*proxmox-mcp-plus job [0-9a-f-]{36}\s*$/i;

/**
 * A note or description with the id of the job that creates the object, as its last line: Proxmox has no idempotency key,
 * so this is how a job knows its own work again.
 */
export function withJobMarker(text: string | undefined, jobId: string): string {
  const marker = `proxmox-mcp-plus job ${jobId}`;
  return text === undefined || text === '' ? marker : `${text}\n${marker}`;
}

/** Whether a note or description was written by this job. */
export function hasJobMarker(text: string, jobId: string): boolean {
  return text.includes(`proxmox-mcp-plus job ${jobId}`);
}

/** A note or description as its author meant it. */
export function withoutJobMarker(text: string): string {
  return text.replace(MARKER, '');
}
