/**
 * A property string of Proxmox (`local-lvm:vm-101-disk-0,size=8G`) by key; the value that comes without a key is under
 * `defaultKey`. @see pve-common PVE/JSONSchema.pm, parse_property_string
 */
export function readPropertyString(text: string, defaultKey: string): Readonly<Record<string, string>> {
  const parts: Record<string, string> = {};
  for (const part of text.split(',')) {
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 0) parts[defaultKey] = part;
    else parts[part.slice(0, equals)] = part.slice(equals + 1);
  }
  return parts;
}

/** The other way round: keys without a value are left out, booleans are 0 or 1, `defaultKey` comes first and bare. */
export function printPropertyString(parts: Readonly<Record<string, string | number | boolean | undefined>>, defaultKey?: string): string {
  const show = (value: string | number | boolean): string => (typeof value === 'boolean' ? (value ? '1' : '0') : String(value));
  return Object.entries(parts)
    .toSorted(([a], [b]) => Number(b === defaultKey) - Number(a === defaultKey))
    .flatMap(([key, value]) => (value === undefined ? [] : [key === defaultKey ? show(value) : `${key}=${show(value)}`]))
    .join(',');
}
