import { isIPv4, isIPv6 } from 'node:net';

const BITS = { 4: 32, 6: 128 } as const;
const LEAST = 8;

/** `192.0.2.5/24`. @see pve-common PVE/JSONSchema.pm, pve_verify_cidrv4 and pve_verify_cidrv6: no prefix is shorter than 8 */
export function isCidr(text: string, version: keyof typeof BITS): boolean {
  const [address = '', prefix = '', ...rest] = text.split('/');
  const isAddress = version === 4 ? isIPv4(address) : isIPv6(address);
  return isAddress && rest.length === 0 && /^\d{1,3}$/.test(prefix) && Number(prefix) >= LEAST && Number(prefix) <= BITS[version];
}
