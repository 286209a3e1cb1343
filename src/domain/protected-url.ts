import { isLoopback } from './loopback.ts';

/** True for https, and for http that never leaves this machine: nobody on the way reads or changes what is sent there. */
export function isProtectedUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}
