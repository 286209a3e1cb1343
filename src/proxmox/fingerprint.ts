/**
 * Reads a SHA-256 fingerprint in any usual spelling (`AA:BB:…`, `sha256:aabb…`).
 * @throws TypeError when the text is no SHA-256
 */
export function parseFingerprint(text: string): Buffer {
  const hex = text
    .trim()
    .replace(/^sha-?256[:=\s]*/i, '')
    .replaceAll(':', '')
    .toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(hex)) throw new TypeError('not a SHA-256 fingerprint: 32 bytes in hex are expected');
  return Buffer.from(hex, 'hex');
}
