/** What an Authorization header holds. `fault` is told to the caller. */
export type Credential = { readonly kind: 'bearer' | 'basic'; readonly secret: string } | { readonly kind: 'none'; readonly fault: string };

const MISSING = 'Missing or invalid Authorization header';
const BAD_BASIC = 'Invalid Basic Authentication format';
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Reads `Bearer KEY`, or `Basic base64(anything:KEY)` for clients that know nothing else. */
export function readCredential(header: string | undefined): Credential {
  const [, scheme = '', value = ''] = /^(\S+) +(.+)$/.exec(header?.trim() ?? '') ?? [];
  if (scheme === '' || value === '') return { kind: 'none', fault: MISSING };
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return { kind: 'bearer', secret: value };
    case 'basic': {
      if (!BASE64.test(value)) return { kind: 'none', fault: BAD_BASIC };
      const text = Buffer.from(value, 'base64').toString('utf8');
      const colon = text.indexOf(':');
      return colon < 0 ? { kind: 'none', fault: BAD_BASIC } : { kind: 'basic', secret: text.slice(colon + 1) };
    }
    default:
      return { kind: 'none', fault: 'Unsupported authorization method' };
  }
}
