import { OperationError } from '../domain/operation-error.ts';
import { fingerprintOf } from './host-fingerprint.ts';
import { readKeyType } from './known-hosts.ts';

/** A public key that sshd accepts, without options. */
export interface AuthorizedKey {
  readonly type: string;
  readonly base64: string;
  readonly comment: string;
  readonly fingerprint: string;
}

/** Type -> shortest and longest key in bytes. DSA is left out: OpenSSH has removed it. */
const TYPES: Readonly<Record<string, readonly [number, number]>> = {
  'ssh-ed25519': [51, 51],
  'ecdsa-sha2-nistp256': [104, 104],
  'ecdsa-sha2-nistp384': [136, 136],
  'ecdsa-sha2-nistp521': [172, 172],
  'ssh-rsa': [277, 2100],
  'sk-ssh-ed25519@openssh.com': [60, 200],
  'sk-ecdsa-sha2-nistp256@openssh.com': [110, 260],
};
const MAX_KEYS = 200;
const MAX_COMMENT = 200;

/**
 * Reads public keys, one per line; empty lines and `#` lines are skipped, the same key is taken once.
 * @throws OperationError invalid_input that names the line, never its text
 */
export function parseAuthorizedKeys(text: string): AuthorizedKey[] {
  const keys = new Map<string, AuthorizedKey>();
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const trimmed = line.trim();
    if (trimmed === '' || trimmed.startsWith('#')) continue;
    const key = parseKey(trimmed, index + 1);
    if (!keys.has(key.base64)) keys.set(key.base64, key);
  }
  if (keys.size === 0) throw invalid('There is no public key in the text');
  if (keys.size > MAX_KEYS) throw invalid(`There are ${keys.size} public keys; at most ${MAX_KEYS} are taken at once`);
  return [...keys.values()];
}

/** The key as a line of authorized_keys. */
export function authorizedKeyLine({ type, base64, comment }: AuthorizedKey): string {
  return comment === '' ? `${type} ${base64}` : `${type} ${base64} ${comment}`;
}

function parseKey(line: string, number: number): AuthorizedKey {
  const [, type = '', base64 = '', comment = ''] = /^(\S+)[ \t]+(\S+)(?:[ \t]+(.*))?$/.exec(line) ?? [];
  const lengths = Object.hasOwn(TYPES, type) ? TYPES[type] : undefined;
  if (!lengths) throw invalid(`Line ${number} does not begin with a type of key that sshd accepts; options before the key are not taken`);
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.toString('base64') !== base64) throw invalid(`Line ${number} holds no clean base64`);
  if (readKeyType(bytes) !== type) throw invalid(`Line ${number} holds a key that is not of the type it says`);
  if (bytes.length < lengths[0] || bytes.length > lengths[1])
    throw invalid(`Line ${number} holds a ${type} key of ${bytes.length} bytes, which is cut short, too weak or too long`);
  if (!hasWholeFields(bytes)) throw invalid(`Line ${number} holds a key that is cut short`);
  if (comment.length > MAX_COMMENT || /\p{Cc}/u.test(comment))
    throw invalid(`Line ${number} has a comment that is too long or holds control characters`);
  return { type, base64, comment, fingerprint: fingerprintOf(bytes) };
}

/** A key is a sequence of fields, each with its length before it, and nothing after the last. */
function hasWholeFields(key: Buffer): boolean {
  let at = 0;
  while (at + 4 <= key.length) at += 4 + key.readUInt32BE(at);
  return at === key.length;
}

function invalid(message: string): OperationError {
  return new OperationError('invalid_input', `${message}.`, {
    hint: 'Give lines as they stand in a .pub file: type, base64, comment. RSA keys need 2048 bits or more.',
    details: { field: 'public_keys', sent: false },
  });
}
