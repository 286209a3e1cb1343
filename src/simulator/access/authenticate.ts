import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { AccessDatabase } from './access-database.ts';

/** Who calls: `identity` is `user@realm` or `user@realm!token`; undefined where no credential is needed. */
export interface Caller {
  readonly identity: string | undefined;
  readonly byToken: boolean;
}

/** Why a caller is refused; the text is only in the status line. */
export interface Refusal {
  readonly refused: string;
}

/** Makes and verifies tickets and CSRF tokens. @see pve-access-control PVE/AccessControl.pm assemble_ticket */
export interface Tickets {
  ticket(userid: string, now: number): string;
  csrfToken(userid: string, now: number): string;
  /** The user of a valid ticket. */
  verify(ticket: string, now: number): string | undefined;
  isCsrfToken(token: string, userid: string, now: number): boolean;
}

const LIFETIME = 7200;

export function createTickets(secret: string): Tickets {
  const sign = (text: string): string => createHmac('sha256', secret).update(text).digest('base64url');
  const stamp = (now: number): string => Math.floor(now).toString(16).toUpperCase().padStart(8, '0');
  const isFresh = (hex: string, now: number): boolean => {
    const age = now - Number.parseInt(hex, 16);
    return age > -300 && age < LIFETIME;
  };
  const equal = (one: string, other: string): boolean =>
    one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
  return {
    ticket(userid, now) {
      const plain = `PVE:${userid}:${stamp(now)}`;
      return `${plain}::${sign(plain)}`;
    },
    csrfToken(userid, now) {
      return `${stamp(now)}:${sign(`csrf:${stamp(now)}:${userid}`)}`;
    },
    verify(ticket, now) {
      const [, plain, userid, time, signature] = /^(PVE:(\S+):([0-9A-F]{8}))::(\S+)$/.exec(ticket) ?? [];
      if (plain === undefined || userid === undefined || time === undefined || signature === undefined) return undefined;
      return equal(sign(plain), signature) && isFresh(time, now) ? userid : undefined;
    },
    isCsrfToken(token, userid, now) {
      const [, time, signature] = /^([0-9A-F]{8}):(\S+)$/.exec(token) ?? [];
      return time !== undefined && signature !== undefined && equal(sign(`csrf:${time}:${userid}`), signature) && isFresh(time, now);
    },
  };
}

const cookieOf = (header: string | undefined): string | undefined => {
  const value = /(?:^|\s)PVEAuthCookie=([^;]*)/.exec(header ?? '')?.[1];
  if (value === undefined || value === '') return undefined;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
};

const isUsable = (account: { enable?: boolean; expire: number } | undefined, now: number): boolean =>
  account !== undefined && account.enable !== false && (account.expire === 0 || account.expire > now);

/** Whether a token is known, enabled, not expired and its secret right. */
function isValidToken(database: AccessDatabase, identity: string, secret: string, now: number): boolean {
  const [userid = '', tokenid = ''] = identity.split('!');
  const user = database.users.get(userid);
  const token = user?.tokens.get(tokenid);
  return isUsable(user, now) && isUsable(token, now) && token?.value === secret;
}

/**
 * Finds out who calls. A ticket cookie beats a token; writes with a ticket need the CSRF token.
 * @see pve-manager PVE/HTTPServer.pm auth_handler, pve-http-server PVE/APIServer/AnyEvent.pm
 */
export function authenticate(
  database: AccessDatabase,
  tickets: Tickets,
  method: string,
  headers: IncomingHttpHeaders,
  now: number,
): Caller | Refusal {
  const cookie = cookieOf(headers.cookie);
  if (cookie !== undefined) {
    const userid = tickets.verify(cookie, now);
    if (userid === undefined || !isUsable(database.users.get(userid), now)) return { refused: 'Authentication failed!' };
    const csrf = headers['csrfpreventiontoken'];
    if (method !== 'GET' && !tickets.isCsrfToken(typeof csrf === 'string' ? csrf : '', userid, now))
      return { refused: 'Permission denied - invalid csrf token' };
    return { identity: userid, byToken: false };
  }
  const scheme = /^PVEAPIToken[= ]([^;]*)/.exec(headers.authorization ?? '')?.[1];
  if (scheme === undefined) return { refused: 'No ticket' };
  let credential = scheme;
  try {
    credential = decodeURIComponent(scheme);
  } catch {
    /* taken as it stands */
  }
  const [, identity, secret] = /^([^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]*![A-Za-z][A-Za-z0-9.\-_]+)=(\S+)$/.exec(credential) ?? [];
  if (identity === undefined || secret === undefined || !isValidToken(database, identity, secret, now))
    return { refused: 'Authentication failed!' };
  return { identity, byToken: true };
}
