import { OperationError } from '../../domain/operation-error.ts';
import type { Grant, TokenName } from '../least-privilege.ts';
import type { AdminSession } from './admin-session.ts';

export interface CreateAccess extends TokenName {
  readonly grants: readonly Grant[];
  /** Makes the token anew when it is there already; its old secret stops to count. */
  readonly replaceToken: boolean;
  /** Told of each thing that was done. */
  done(deed: string): void;
}

const COMMENT = 'ProxmoxMCP-Plus';

/**
 * Creates the roles, the user, the token and its permissions, and answers the token's secret, which Proxmox shows only once.
 * Can be repeated: what is there already is brought into shape.
 * @throws OperationError
 */
export async function createAccess(session: AdminSession, { user, tokenName, grants, replaceToken, done }: CreateAccess): Promise<string> {
  const userPath = `/access/users/${encodeURIComponent(user)}`;
  const tokenPath = `${userPath}/token/${encodeURIComponent(tokenName)}`;
  const roles = idsOf(await session.call('GET', '/access/roles'), 'roleid');
  const users = idsOf(await session.call('GET', '/access/users'), 'userid');
  const tokens = users.has(user) ? idsOf(await session.call('GET', `${userPath}/token`), 'tokenid') : new Set<string>();
  if (tokens.has(tokenName) && !replaceToken) {
    throw new OperationError('conflict', `The token ${user}!${tokenName} exists already, and its secret cannot be shown again.`, {
      hint: 'Choose another name with --token-name, or make it anew with --replace-token.',
    });
  }
  for (const { role, privileges } of grants) {
    const privs = privileges.join(',');
    if (roles.has(role)) await session.call('PUT', `/access/roles/${role}`, { privs });
    else await session.call('POST', '/access/roles', { roleid: role, privs });
    done(`role ${role}: ${privs}`);
  }
  if (!users.has(user)) {
    await session.call('POST', '/access/users', { userid: user, comment: COMMENT });
    done(`user ${user}`);
  }
  if (tokens.has(tokenName)) await session.call('DELETE', tokenPath);
  const created = (await session.call('POST', tokenPath, { privsep: 1, comment: COMMENT })) as { readonly value?: unknown } | null;
  const secret = created?.value;
  if (typeof secret !== 'string')
    throw new OperationError('proxmox_failed', 'Proxmox VE made the token and did not show its secret.', { effect: 'applied' });
  done(`token ${user}!${tokenName}`);
  for (const { path, role } of grants) {
    await session.call('PUT', '/access/acl', { path, roles: role, users: user, propagate: 1 });
    await session.call('PUT', '/access/acl', { path, roles: role, tokens: `${user}!${tokenName}`, propagate: 1 });
    done(`${role} on ${path}`);
  }
  return secret;
}

function idsOf(rows: unknown, key: string): Set<string> {
  return new Set(Array.isArray(rows) ? rows.map((row: Readonly<Record<string, unknown>>) => String(row[key])) : []);
}
