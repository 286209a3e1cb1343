import { isIP } from 'node:net';

/** True for a host that only this machine reaches: localhost, 127.0.0.0/8 and ::1, also in the brackets of a URL. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
}
