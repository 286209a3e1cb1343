import { splitIdentity, type AccessDatabase } from './access-database.ts';
import { PRIVILEGES } from './roles.ts';

/** The privileges somebody holds at a path; the value says whether they propagate below it. */
type Privileges = ReadonlyMap<string, boolean>;

/** Where objects belong to pools, so that a role on a pool reaches its members. */
export interface PoolMembership {
  poolOfGuest(vmid: number): string | undefined;
  poolsOfStorage(storage: string): readonly string[];
}

export interface PermissionReader {
  /** What `identity` (a user or token) may do at `path`. */
  at(identity: string, path: string): Privileges;
  has(identity: string, path: string, privilege: string): boolean;
  hasAny(identity: string, path: string, privileges: readonly string[]): boolean;
}

const EVERYTHING: Privileges = new Map(PRIVILEGES.map((privilege) => [privilege, true]));

const prefixes = (path: string): string[] => {
  const parts = path.split('/').filter((part) => part !== '');
  return ['/', ...parts.map((_, n) => `/${parts.slice(0, n + 1).join('/')}`)];
};

/**
 * Computes permissions: the deepest ACL on the way to a path wins; a user's own entry beats those of the groups; a
 * token with privilege separation has what both it and its user have.
 * @see pve-access-control PVE/AccessControl.pm roles, PVE/RPCEnvironment.pm permissions
 */
export function createPermissionReader(database: AccessDatabase, pools: PoolMembership): PermissionReader {
  const cache = new Map<string, Privileges>();
  const ofRoles = new Map<string, Privileges>();
  let cachedRevision = -1;
  let aclByPath = new Map<string, AccessDatabase['acl']>();

  const refresh = (): void => {
    if (cachedRevision === database.revision && cache.size < 200_000) return;
    cache.clear();
    ofRoles.clear();
    cachedRevision = database.revision;
    aclByPath = Map.groupBy(database.acl, (entry) => entry.path);
  };

  const rolesAt = (identity: string, path: string): Map<string, boolean> => {
    const { userid, tokenid } = splitIdentity(identity);
    const groups = tokenid === undefined ? (database.users.get(userid)?.groups ?? new Set<string>()) : new Set<string>();
    let roles = new Map<string, boolean>();
    for (const prefix of prefixes(path)) {
      const entries = (aclByPath.get(prefix) ?? []).filter((entry) => entry.propagate || prefix === path);
      const own = entries.filter((entry) => entry.ugid === identity && entry.type === (tokenid === undefined ? 'user' : 'token'));
      const chosen = own.length > 0 ? own : entries.filter((entry) => entry.type === 'group' && groups.has(entry.ugid));
      if (chosen.length > 0) roles = new Map(chosen.map((entry) => [entry.roleid, entry.propagate]));
    }
    return roles.has('NoAccess') ? new Map([['NoAccess', true]]) : roles;
  };

  const collect = (identity: string, path: string): Privileges => {
    const roles = rolesAt(identity, path);
    const vmid = /^\/vms\/(\d+)$/.exec(path)?.[1];
    const storage = /^\/storage\/([^/]+)$/.exec(path)?.[1];
    const memberOf = vmid !== undefined ? [pools.poolOfGuest(Number(vmid))] : storage !== undefined ? pools.poolsOfStorage(storage) : [];
    if (!roles.has('NoAccess')) {
      for (const pool of memberOf) {
        if (pool !== undefined)
          for (const [role, propagates] of rolesAt(identity, `/pool/${pool}`))
            if (role !== 'NoAccess') roles.set(role, roles.get(role) ?? propagates);
      }
    }
    const combination = [...roles]
      .map(([role, propagates]) => `${role}${propagates ? '+' : '-'}`)
      .sort()
      .join(' ');
    const known = ofRoles.get(combination);
    if (known !== undefined) return known;
    const privileges = new Map<string, boolean>();
    for (const [role, propagates] of roles)
      for (const privilege of database.roles.get(role) ?? []) privileges.set(privilege, propagates || (privileges.get(privilege) ?? false));
    ofRoles.set(combination, privileges);
    return privileges;
  };

  const at = (identity: string, path: string): Privileges => {
    if (identity === 'root@pam') return EVERYTHING;
    refresh();
    const key = `${identity} ${path}`;
    const known = cache.get(key);
    if (known !== undefined) return known;
    const { userid, tokenid } = splitIdentity(identity);
    let privileges: Privileges = new Map<string, boolean>();
    if (tokenid === undefined) privileges = collect(userid, path);
    else {
      const token = database.users.get(userid)?.tokens.get(tokenid);
      const ofUser = at(userid, path);
      if (token !== undefined)
        privileges = token.privsep ? new Map([...collect(identity, path)].filter(([privilege]) => ofUser.has(privilege))) : ofUser;
    }
    cache.set(key, privileges);
    return privileges;
  };

  return {
    at,
    has: (identity, path, privilege) => at(identity, path).has(privilege),
    hasAny: (identity, path, privileges) => {
      const held = at(identity, path);
      return privileges.some((privilege) => held.has(privilege));
    },
  };
}
