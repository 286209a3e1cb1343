import { BlockList, isIP } from 'node:net';
import { isProtectedUrl } from '../domain/protected-url.ts';
import { isInternalName } from '../domain/url-rules.ts';

/** Addresses of private networks. Link-local ones are none of them: clouds serve credentials there. */
const PRIVATE = new BlockList();
for (const [network, bits] of [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['100.64.0.0', 10],
] as const)
  PRIVATE.addSubnet(network, bits, 'ipv4');
PRIVATE.addSubnet('fc00::', 7, 'ipv6');

/** What is wrong with the URL of a webhook; undefined when it is fine. The operator has to say that http is meant. */
export function webhookUrlProblem(text: string, allowsHttp: boolean): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL';
  const { protocol, username, password, hostname } = new URL(text);
  if (protocol !== 'https:' && protocol !== 'http:') return 'must be https, or on this machine';
  // They would be shown where URLs are, and the signature says who sends.
  if (username !== '' || password !== '') return 'must hold no user and no password: the signature says who sends';
  if (isProtectedUrl(text)) return undefined;
  if (!isInside(hostname)) return 'must be https, or on this machine, or in a private network with allow_http';
  return allowsHttp ? undefined : 'must be https, or on this machine; set allow_http to send jobs unencrypted through a private network';
}

function isInside(hostname: string): boolean {
  const address = hostname.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(address);
  return family === 0 ? isInternalName(hostname) : PRIVATE.check(address, family === 6 ? 'ipv6' : 'ipv4');
}
