import { isIPv4, isIPv6 } from 'node:net';
import { z } from 'zod';
import { OperationError } from '../../domain/operation-error.ts';
import { isCidr } from '../cidr.ts';
import { macAddress } from '../mac-address.ts';

const BRIDGE = /^[A-Za-z0-9._-]{1,15}$/;

/** The first network interface of a new container. */
export const networkFields = z.object({
  network_bridge: z
    .string()
    .regex(BRIDGE, 'must be the name of a bridge, like vmbr0')
    .default('vmbr0')
    .describe('Bridge of eth0; none for no network.'),
  ip: z.string().max(18).default('dhcp').describe('dhcp, manual or address/prefix.'),
  gw: z.string().max(15).optional().describe('IPv4 gateway.'),
  ip6: z.string().max(43).optional().describe('IPv6: auto, dhcp, manual, or address/prefix.'),
  gw6: z.string().max(39).optional().describe('IPv6 gateway.'),
  vlan_tag: z.int().min(1).max(4094).optional().describe('VLAN tag.'),
  hwaddr: macAddress.optional().describe('MAC address; random when left out.'),
  firewall: z.boolean().default(false).describe('Filter by the Proxmox firewall.'),
});

/** The parts of `net0`; undefined when no network is wanted. @throws OperationError `invalid_input` naming the field */
export function networkOf(
  fields: z.output<typeof networkFields>,
): Readonly<Record<string, string | number | boolean | undefined>> | undefined {
  if (fields.network_bridge === 'none') return undefined;
  const { ip, ip6, gw, gw6 } = fields;
  if (!['dhcp', 'manual'].includes(ip)) assertCidr('ip', ip, 4);
  if (ip6 !== undefined && !['auto', 'dhcp', 'manual'].includes(ip6)) assertCidr('ip6', ip6, 6);
  assertGateway('gw', gw, ip, isIPv4);
  assertGateway('gw6', gw6, ip6, isIPv6);
  return {
    name: 'eth0',
    bridge: fields.network_bridge,
    ip,
    gw,
    ip6,
    gw6,
    tag: fields.vlan_tag,
    hwaddr: fields.hwaddr?.toUpperCase(),
    firewall: fields.firewall || undefined,
  };
}

function assertCidr(field: string, text: string, version: 4 | 6): void {
  if (isCidr(text, version)) return;
  throw new OperationError('invalid_input', `${field} ${JSON.stringify(text)} is no address with prefix length.`, {
    hint: field === 'ip' ? 'Use dhcp, manual, or e.g. 192.0.2.10/24.' : 'Use auto, dhcp, manual, or e.g. 2001:db8::10/64.',
    details: { field },
  });
}

function assertGateway(
  field: string,
  gateway: string | undefined,
  address: string | undefined,
  isAddress: (text: string) => boolean,
): void {
  if (gateway === undefined) return;
  if (!isAddress(gateway)) {
    throw new OperationError('invalid_input', `${field} ${JSON.stringify(gateway)} is no address.`, {
      hint: 'Give the bare address.',
      details: { field },
    });
  }
  if (address?.includes('/') !== true) {
    throw new OperationError('invalid_input', `${field} goes only with a fixed address.`, {
      hint: `Give ${field === 'gw' ? 'ip' : 'ip6'} as address/prefix, or leave ${field} out.`,
      details: { field },
    });
  }
}
