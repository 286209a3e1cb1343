import { BlockList, isIP } from 'node:net';

/** Finds out where a request comes from, behind proxies that the operator trusts. */
export interface ClientAddress {
  /**
   * The peer itself, or what a trusted proxy says of it. IPv6 addresses count by their /64, which is what one client has.
   */
  of(peer: string | undefined, forwardedFor: string | undefined): string;
}

/** @throws RangeError for an entry that is neither an address nor a network like `10.0.0.0/8` */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddress {
  const trusted = new BlockList();
  for (const entry of trustedProxies) {
    const [address = '', bits] = entry.trim().split('/');
    const family = isIP(address);
    const prefix = bits === undefined ? (family === 6 ? 128 : 32) : Number(bits);
    if (family === 0 || !Number.isInteger(prefix) || prefix < 0 || prefix > (family === 6 ? 128 : 32))
      throw new RangeError(`The trusted proxy ${JSON.stringify(entry)} is neither an address nor a network like 10.0.0.0/8.`);
    trusted.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  const isTrusted = (address: string): boolean => {
    const family = isIP(address);
    return family !== 0 && trusted.check(address, family === 6 ? 'ipv6' : 'ipv4');
  };
  return {
    of(peer, forwardedFor) {
      const hops = [...(forwardedFor?.split(',').map((hop) => bare(hop.trim())) ?? []), bare(peer ?? '')].slice(-20);
      // From the nearest hop outwards; the first one that is no proxy of ours made the request.
      let client = hops.pop() ?? '';
      while (isTrusted(client) && hops.length > 0) {
        const next = hops.pop() ?? '';
        if (isIP(next) === 0) break;
        client = next;
      }
      return client === '' ? 'unknown' : grouped(client);
    },
  };
}

/** Without brackets, port, zone and the IPv4-in-IPv6 prefix. */
function bare(address: string): string {
  const inside = /^\[([^\]]+)\]/.exec(address)?.[1] ?? (/^\d+\.\d+\.\d+\.\d+:\d+$/.test(address) ? address.replace(/:\d+$/, '') : address);
  return inside.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
}

function grouped(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = '', tail = ''] = address.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const whole = address.includes('::')
    ? [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right]
    : left;
  return `${whole
    .slice(0, 4)
    .map((part) => part.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
