/** What a key may do over HTTP. `admin` includes all others. */
export const SCOPES = ['read', 'operate', 'destroy', 'execute', 'approve', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/** Where a call came in. */
export const SURFACES = ['mcp-stdio', 'mcp-http', 'http', 'cli'] as const;
export type Surface = (typeof SURFACES)[number];

/** Who calls: the local user of a stdio server or of the CLI, an API key, or an OAuth subject. */
export interface Principal {
  readonly kind: 'local' | 'key' | 'oauth';
  /** Stable and unique among principals, e.g. `local`, `key:n8n`, `oauth:alice`. */
  readonly id: string;
  readonly scopes: readonly Scope[];
  readonly surface: Surface;
}

/** Whether a credential reaches to something. */
export function hasScope({ scopes }: Pick<Principal, 'scopes'>, scope: Scope): boolean {
  return scopes.includes(scope) || scopes.includes('admin');
}

/** Whether a principal is a person, at a terminal or behind a key over HTTP that may approve, and not a model. */
export function isPerson(principal: Pick<Principal, 'surface' | 'scopes'>): boolean {
  return principal.surface === 'cli' || (principal.surface === 'http' && hasScope(principal, 'approve'));
}

/** The person whose client started this server. */
export function localPrincipal(surface: Surface): Principal {
  return { kind: 'local', id: 'local', scopes: ['admin'], surface };
}
