/** One element of DER: tag, length, content. */
function element(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const size = content.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const digits = [arc & 0x7f];
    for (let left = arc >>> 7; left > 0; left >>>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return element(0x06, Buffer.from(bytes));
}

/** The parts of ASN.1 that a certificate needs, encoded as DER. */
export const der = {
  sequence: (...parts: readonly Buffer[]): Buffer => element(0x30, ...parts),
  set: (...parts: readonly Buffer[]): Buffer => element(0x31, ...parts),
  objectIdentifier,
  /** A positive whole number, big-endian. */
  integer: (bytes: Buffer): Buffer => element(0x02, (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes),
  boolean: (value: boolean): Buffer => element(0x01, Buffer.from([value ? 0xff : 0])),
  octets: (bytes: Buffer): Buffer => element(0x04, bytes),
  bits: (bytes: Buffer, unused = 0): Buffer => element(0x03, Buffer.from([unused]), bytes),
  utf8: (text: string): Buffer => element(0x0c, Buffer.from(text, 'utf8')),
  /** UTC, valid until 2049. */
  time: (date: Date): Buffer => element(0x17, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`, 'latin1')),
  /** A context-specific element: `constructed` when it wraps other elements. */
  context: (number: number, content: Buffer, constructed: boolean): Buffer => element((constructed ? 0xa0 : 0x80) | number, content),
} as const;

/** PEM text of DER bytes. */
export const pem = (label: string, bytes: Buffer): string =>
  `-----BEGIN ${label}-----\n${(bytes.toString('base64').match(/.{1,64}/g) ?? []).join('\n')}\n-----END ${label}-----\n`;
