import { OperationError } from './operation-error.ts';

/** From where a node may fetch files. */
export interface UrlRules {
  /** Plain http as well: what arrives can then be changed on its way. */
  readonly allowHttp: boolean;
  /** IP addresses and names that only exist inside: a node can reach services there that are open to nobody else. */
  readonly allowInternal: boolean;
  /** `example.org` or `*.example.org`; null allows every public name. */
  readonly hosts: readonly string[] | null;
  readonly requireChecksum: boolean;
}

export const DEFAULT_URL_RULES: UrlRules = { allowHttp: false, allowInternal: false, hosts: null, requireChecksum: false };

/** Names that no public DNS resolves, or that name the asker's own network. @see RFC 6761, RFC 6762, RFC 8375, ICANN's internal TLD */
const INTERNAL_SUFFIXES = [
  'localhost',
  'local',
  'localdomain',
  'internal',
  'intranet',
  'private',
  'corp',
  'home',
  'lan',
  'home.arpa',
  'in-addr.arpa',
  'ip6.arpa',
];
const MAX_LENGTH = 2048;

/**
 * The URL, parsed, if a node may fetch it. The text of a URL with credentials is in no error.
 * @throws OperationError `invalid_input` for what is no URL to a file, `denied` for one that the rules forbid
 */
export function checkUrl(text: string, rules: UrlRules, hasChecksum: boolean): URL {
  const invalid = (message: string, hint: string): OperationError =>
    new OperationError('invalid_input', message, { hint, details: { field: 'url' } });
  const denied = (message: string, hint: string): OperationError =>
    new OperationError('denied', message, { hint, details: { field: 'url' } });

  const url = text.length <= MAX_LENGTH && /^[\u0021-\u007e]+$/.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw invalid('The url is not an http(s) URL.', 'Give it in full, percent-encoded: https://host/path/file.iso');
  }
  if (url.username !== '' || url.password !== '' || /^https?:\/\/[^/?#]*@/i.test(text)) {
    throw invalid(
      'The url holds credentials.',
      'They would be shown in task logs. Use a URL that needs none, or upload the file to the storage.',
    );
  }
  const host = url.hostname.replace(/\.$/, '').toLowerCase();
  if (url.protocol === 'http:' && !rules.allowHttp) {
    throw denied(`The url to ${host} is plain http, which anybody on its way can change.`, 'Use https.');
  }
  if (!rules.allowInternal && isInternal(host)) {
    throw denied(
      `${host} is an address or name of an internal network.`,
      'Use a public host name, or upload the file to the storage in Proxmox VE.',
    );
  }
  if (rules.hosts !== null && !rules.hosts.some((pattern) => fits(host, pattern.toLowerCase()))) {
    throw denied(`Files may not be fetched from ${host}.`, `Allowed are ${rules.hosts.join(', ') || 'no hosts at all'}.`);
  }
  if (rules.requireChecksum && !hasChecksum)
    throw denied('A checksum is required for every download.', 'Give checksum and checksum_algorithm.');
  return url;
}

/** The parser has turned every spelling of an IPv4 address (`0x7f.1`, `2130706433`) into its usual form. */
function isInternal(host: string): boolean {
  return host.startsWith('[') || /^\d+\.\d+\.\d+\.\d+$/.test(host) || isInternalName(host);
}

/** True for names that no public zone can hold. */
export function isInternalName(host: string): boolean {
  return !host.includes('.') || INTERNAL_SUFFIXES.some((suffix) => host === suffix || host.endsWith(`.${suffix}`));
}

function fits(host: string, pattern: string): boolean {
  return pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : host === pattern;
}
