import { SCOPES } from '../domain/principal.ts';
import type { RouteTable } from './route-table.ts';

export interface ResourceMetadataOptions {
  readonly issuer: string;
  /** What clients ask tokens for: the URL of this service. */
  readonly resource: string;
}

const PLACE = '/.well-known/oauth-protected-resource';

/** Where the document is, for challenges. */
export function resourceMetadataUrl(resource: string): string {
  const { origin, pathname } = new URL(resource);
  return `${origin}${PLACE}${pathname === '/' ? '' : pathname}`;
}

export function isResourceMetadata(path: string): boolean {
  return path === PLACE || path.startsWith(`${PLACE}/`);
}

/** Tells clients which authorization server gives tokens for this service (RFC 9728). Only where there is one. */
export function addResourceMetadata(routes: RouteTable, { issuer, resource }: ResourceMetadataOptions): void {
  const document = {
    resource,
    authorization_servers: [issuer],
    scopes_supported: SCOPES,
    bearer_methods_supported: ['header'],
    resource_name: 'ProxmoxMCP-Plus',
  };
  routes.get(PLACE, () => Response.json(document));
  routes.get(`${PLACE}/{path}`, () => Response.json(document));
}
