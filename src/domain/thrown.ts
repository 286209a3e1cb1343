/** What was thrown, as an Error: it can be anything. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** The system's word for why a file or a connection failed, e.g. `ENOENT`; undefined where what was thrown has none. */
export function systemCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' ? thrown.code : undefined;
}

/** The same for a message. */
export function systemReason(thrown: unknown): string {
  return systemCode(thrown) ?? 'unknown reason';
}
