/** Epoch seconds as ISO 8601 in UTC; unknown stays null. */
export function isoTime(epochSeconds: number | null): string | null {
  if (epochSeconds === null || epochSeconds < 0 || epochSeconds > 8.64e12) return null;
  return new Date(epochSeconds * 1000).toISOString().replace('.000Z', 'Z');
}
