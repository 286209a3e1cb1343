/** Says whether a request is meant. Paths are those below /api2/json, without a query. */
export type RequestMatcher = (method: string, path: string) => boolean;

/**
 * Reads a pattern such as `GET /nodes/*` + `/status`: `*` is one part of a path (or any method), `**` any number of parts.
 * @throws Error when the pattern has no method and path
 */
export function requestPattern(pattern: string): RequestMatcher {
  const [, method, path] = /^(\*|[A-Z]+) (\/\S*)$/.exec(pattern) ?? [];
  if (method === undefined || path === undefined)
    throw new Error(`'${pattern}' is no request pattern: write it like 'GET /nodes/*/status'`);
  const source = path
    .split(/(\*\*|\*)/)
    .map((part) => (part === '**' ? '.*' : part === '*' ? '[^/]+' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')))
    .join('');
  const expression = new RegExp(`^${source}$`);
  return (requestMethod, requestPath) => (method === '*' || method === requestMethod) && expression.test(requestPath);
}
