import type { MiddlewareHandler } from 'hono';

const LOOPBACK_NAMES = ['localhost', '127.0.0.1', '[::1]'];

export interface OriginRules {
  /** Address the server listens on. */
  readonly listenHost: string;
  /** Further Host headers, with or without port, or `*.example.org`, or `*`. */
  readonly allowedHosts: readonly string[];
  /** Further Origin headers, e.g. `https://chat.example.org`, or `*`. */
  readonly allowedOrigins: readonly string[];
}

/**
 * Refuses requests that a web page could have made a browser send: a name that is not ours in Host (DNS rebinding), or a
 * foreign Origin. Requests without Origin come from programs and pass.
 */
export function checkOrigin(rules: OriginRules): MiddlewareHandler {
  const ownNames = new Set([...LOOPBACK_NAMES, bracketed(rules.listenHost)]);
  const hostAllowed = (host: string): boolean =>
    ownNames.has(nameOf(host)) || rules.allowedHosts.some((pattern) => matches(pattern, host) || matches(pattern, nameOf(host)));
  const originAllowed = (origin: string): boolean => {
    if (rules.allowedOrigins.some((pattern) => pattern === '*' || pattern === origin)) return true;
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    return url !== undefined && (url.protocol === 'http:' || url.protocol === 'https:') && ownNames.has(url.hostname);
  };
  return async (context, next) => {
    const host = context.req.header('host') ?? '';
    if (!hostAllowed(host)) {
      return context.json(
        { error: `Host ${JSON.stringify(host.slice(0, 100))} is not served here. Add it to mcp.allowed_hosts (MCP_ALLOWED_HOSTS).` },
        421,
      );
    }
    const origin = context.req.header('origin');
    if (origin !== undefined && !originAllowed(origin)) {
      return context.json(
        { error: `Origin ${JSON.stringify(origin.slice(0, 100))} is not allowed. Add it to mcp.allowed_origins (MCP_ALLOWED_ORIGINS).` },
        403,
      );
    }
    return next();
  };
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
