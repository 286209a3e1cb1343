import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { isCidr } from '../cidr.ts';

const KEYS: ReadonlySet<string> = new Set(['ip', 'gw', 'ip6', 'gw6']);

/** What cloud-init is told of one network card. @see qemu-server PVE/QemuServer.pm, $ipconfig_fmt and parse_ipconfig */
export const ipConfig = z
  .string()
  .max(256)
  .refine(isIpConfig, 'must be like ip=dhcp or ip=192.0.2.5/24,gw=192.0.2.1, a gateway only beside a fixed address');

function isIpConfig(text: string): boolean {
  const parts = text.split(',').map((part): [string, string] => [part.split('=')[0] ?? '', part.slice(part.indexOf('=') + 1)]);
  const given = new Map(parts);
  const [ip, gw, ip6, gw6] = ['ip', 'gw', 'ip6', 'gw6'].map((key) => given.get(key));
  return (
    given.size === parts.length &&
    [...given.keys()].every((key) => KEYS.has(key)) &&
    (ip === undefined || ip === 'dhcp' || isCidr(ip, 4)) &&
    (ip6 === undefined || ip6 === 'dhcp' || ip6 === 'auto' || isCidr(ip6, 6)) &&
    (gw === undefined || (isIPv4(gw) && isCidr(ip ?? '', 4))) &&
    (gw6 === undefined || (isIPv6(gw6) && isCidr(ip6 ?? '', 6)))
  );
}
