import { createHmac } from 'node:crypto';

/** One usable line of a known_hosts file. */
export interface KnownHostsLine {
  readonly marker: 'none' | 'revoked' | 'cert-authority';
  /** The field of host patterns as written: plain, wildcards, negations, or one hashed name. */
  readonly hosts: string;
  readonly keyType: string;
  /** The public key as it travels on the wire. */
  readonly key: Buffer;
}

/** What known_hosts says of one host. */
export interface KnownKeys {
  readonly trusted: readonly KnownHostsLine[];
  readonly revoked: readonly KnownHostsLine[];
  /** True when a certificate authority is listed for the host; host certificates are not supported. */
  readonly hasCertificateAuthority: boolean;
}

const MARKERS = { '@revoked': 'revoked', '@cert-authority': 'cert-authority' } as const;
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Reads known_hosts. Lines that cannot be read are skipped, as OpenSSH does. @see sshd(8), SSH_KNOWN_HOSTS FILE FORMAT */
export function parseKnownHosts(text: string): KnownHostsLine[] {
  return text.split('\n').flatMap((line) => parseLine(line) ?? []);
}

/** All keys that these lines hold for a host. Entries for `[host]:port` come first; those without a port are used when there are none. */
export function findKnownKeys(lines: readonly KnownHostsLine[], host: string, port: number): KnownKeys {
  const plain = host.toLowerCase();
  if (port === 22) return collect(lines, [plain]);
  const exact = `[${plain}]:${port}`;
  const found = collect(lines, [exact]);
  const revoked = collect(lines, [exact, plain]).revoked;
  return found.trusted.length > 0 ? { ...found, revoked } : { ...collect(lines, [plain]), revoked };
}

/** The name under which OpenSSH files a host in known_hosts. */
export function knownHostsName(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

function collect(lines: readonly KnownHostsLine[], names: readonly string[]): KnownKeys {
  const matching = lines.filter((line) => names.some((name) => matchesHost(line.hosts, name)));
  return {
    trusted: matching.filter((line) => line.marker === 'none'),
    revoked: matching.filter((line) => line.marker === 'revoked'),
    hasCertificateAuthority: matching.some((line) => line.marker === 'cert-authority'),
  };
}

function parseLine(line: string): KnownHostsLine | undefined {
  const words = line.trim().split(/[ \t]+/);
  const first = words[0] ?? '';
  if (first === '' || first.startsWith('#')) return undefined;
  let marker: KnownHostsLine['marker'] = 'none';
  if (first.startsWith('@')) {
    if (!Object.hasOwn(MARKERS, first)) return undefined;
    marker = MARKERS[first as keyof typeof MARKERS];
    words.shift();
  }
  const [hosts, keyType, base64] = words;
  if (hosts === undefined || keyType === undefined || base64 === undefined || !BASE64.test(base64)) return undefined;
  const key = Buffer.from(base64, 'base64');
  return readKeyType(key) === keyType ? { marker, hosts, keyType, key } : undefined;
}

/** The type that a public key names in its own first field; undefined when it is no SSH key. */
export function readKeyType(key: Buffer): string | undefined {
  if (key.length < 4) return undefined;
  const length = key.readUInt32BE(0);
  return length > 0 && length <= 64 && key.length >= 4 + length ? key.toString('latin1', 4, 4 + length) : undefined;
}

function matchesHost(hosts: string, name: string): boolean {
  if (hosts.startsWith('|')) return matchesHash(hosts, name);
  let found = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    if (pattern.startsWith('!')) {
      if (matchesPattern(pattern.slice(1), name)) return false;
    } else if (matchesPattern(pattern, name)) found = true;
  }
  return found;
}

function matchesHash(field: string, name: string): boolean {
  const [, version, salt, hash] = field.split('|');
  if (version !== '1' || salt === undefined || hash === undefined) return false;
  const expected = Buffer.from(hash, 'base64');
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest().equals(expected);
}

/** `*` and `?` without a regular expression: the time is bounded by the product of the lengths whatever the file says. */
function matchesPattern(pattern: string, name: string): boolean {
  let p = 0;
  let n = 0;
  let star = -1;
  let resume = 0;
  while (n < name.length) {
    if (pattern[p] === '*') {
      star = p;
      resume = n;
      p += 1;
    } else if (p < pattern.length && (pattern[p] === '?' || pattern[p] === name[n])) {
      p += 1;
      n += 1;
    } else if (star >= 0) {
      p = star + 1;
      resume += 1;
      n = resume;
    } else return false;
  }
  while (pattern[p] === '*') p += 1;
  return p === pattern.length;
}
