import { isIP } from 'node:net';
import type { MiddlewareHandler } from 'hono';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

export interface OriginRules {
  /** Address the server listens on. */
  readonly listenHost: string;
  /** Further Host headers, with or without port, or `*.example.org`, or `*`. */
  readonly allowedHosts: readonly string[];
  /** Further Origin headers, e.g. `https://chat.example.org`, or `*`. */
  readonly allowedOrigins: readonly string[];
  /** False leaves Host unchecked: a key is asked for, and the names of this server are not known. Default true. */
  readonly checkHost?: boolean;
  /** Settings that messages name. */
  readonly settings?: { readonly hosts: string; readonly origins: string };
}

const MCP_SETTINGS = { hosts: 'mcp.allowed_hosts (MCP_ALLOWED_HOSTS)', origins: 'mcp.allowed_origins (MCP_ALLOWED_ORIGINS)' };

/**
 * Refuses requests that a web page could have made a browser send: a public name that is not ours in Host (DNS rebinding), or
 * a foreign Origin. Requests without Origin come from programs and pass. Addresses and names without a dot pass as Host:
 * nobody can make them point here.
 */
export function checkOrigin(rules: OriginRules): MiddlewareHandler {
  const { settings = MCP_SETTINGS, checkHost = true } = rules;
  const ownNames = new Set([...LOOPBACK_NAMES, bracketed(rules.listenHost)]);
  const hostAllowed = (host: string): boolean =>
    !checkHost ||
    ownNames.has(nameOf(host)) ||
    isUnforgeable(nameOf(host)) ||
    rules.allowedHosts.some((pattern) => matches(pattern, host) || matches(pattern, nameOf(host)));
  const originAllowed = (origin: string, host: string): boolean => {
    if (rules.allowedOrigins.some((pattern) => pattern === '*' || pattern === origin)) return true;
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return false;
    return url.host === host.toLowerCase() || ownNames.has(url.hostname);
  };
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    if (!hostAllowed(host)) {
      return context.json({ detail: `Host ${JSON.stringify(host.slice(0, 100))} is not served here. Add it to ${settings.hosts}.` }, 421);
    }
    const origin = context.req.header('origin');
    if (origin !== undefined && !originAllowed(origin, host)) {
      return context.json({ detail: `Origin ${JSON.stringify(origin.slice(0, 100))} is not allowed. Add it to ${settings.origins}.` }, 403);
    }
    return next();
  };
}

/** Addresses, and names that no public zone can hold. */
function isUnforgeable(name: string): boolean {
  return name !== '' && (!name.includes('.') || isIP(name) !== 0) && /^[\w.:[\]-]+$/.test(name);
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host.toLowerCase();
}

function matches(pattern: string, host: string): boolean {
  if (pattern === '*' || pattern.toLowerCase() === host) return true;
  // `example.org:*` is how the predecessor says "any port".
  if (pattern.endsWith(':*')) return pattern.slice(0, -2).toLowerCase() === nameOf(host);
  return pattern.startsWith('*.') && nameOf(host).endsWith(pattern.slice(1).toLowerCase());
}
