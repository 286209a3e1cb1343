import type { RawValue } from '../api/check-parameters.ts';

const unescape = (text: string): string => {
  const bytes = Buffer.from(
    text
      .replace(/\+/g, ' ')
      .replace(/[^\0-\x7f]/g, (wide) => encodeURIComponent(wide))
      .replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
};

/**
 * Decodes a form or query the way Proxmox does: pairs end at `&` or `;`, and of a pair only the text between its first
 * and second `=` is kept. Repeated keys make an array.
 * @see pve-http-server PVE/APIServer/AnyEvent.pm decode_urlencoded
 */
export function decodeForm(text: string): Record<string, RawValue> {
  const values: Record<string, RawValue> = Object.create(null) as Record<string, RawValue>;
  for (const pair of text.split(/[&;]/)) {
    const [key, value] = pair.split('=');
    if (key === undefined || key === '') continue;
    const name = unescape(key);
    const decoded = value === undefined ? '' : unescape(value);
    const before = values[name];
    values[name] = before === undefined ? decoded : Array.isArray(before) ? [...(before as string[]), decoded] : [before, decoded];
  }
  return values;
}

const MALFORMED =
  'malformed JSON string, neither tag, array, object, number, string or atom, at character offset 0 (before "(end of string)") at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 934.\n';

/** Decodes a JSON body. @throws Error with the text that the real server shows */
export function decodeJson(text: string): Record<string, RawValue> {
  let value: unknown;
  if (text.trim() === '') throw new Error(MALFORMED);
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error(
      `, or } expected while parsing object/hash, at character offset ${text.length} (before "(end of string)") at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 934.\n`,
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('Not a HASH reference at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 978.\n');
  return value as Record<string, RawValue>;
}
