import type { Privileges } from '../domain/privilege.ts';
import type { Operation } from '../operations/define.ts';

/** The release of Proxmox VE: privileges differ between them. */
export type PveMajor = 8 | 9;

/** `8.4.1` -> 8. What names no release is taken for the newest. */
export function pveMajorOf(version: string): PveMajor {
  return Number.parseInt(version, 10) <= 8 ? 8 : 9;
}

/** What one ACL path needs, and which operations need it there. */
export interface Grant {
  /** `/vms`; the wildcard parts of templates are left off, so it counts for everything below. */
  readonly path: string;
  readonly role: string;
  readonly privileges: readonly string[];
  readonly operations: readonly string[];
}

/** The least that a token needs for the given operations: one role per ACL path. */
export function leastPrivilege(operations: readonly Operation[], pve: PveMajor): readonly Grant[] {
  const byPath = new Map<string, { privileges: Set<string>; operations: Set<string> }>();
  for (const operation of operations) {
    for (const [path, privileges] of needsOf(operation, pve)) {
      const entry = byPath.get(path) ?? { privileges: new Set(), operations: new Set() };
      for (const privilege of privileges) entry.privileges.add(privilege);
      entry.operations.add(operation.name);
      byPath.set(path, entry);
    }
  }
  return [...byPath]
    .map(([path, entry]) => ({ path, role: roleName(path), privileges: [...entry.privileges].sort(), operations: [...entry.operations] }))
    .toSorted((a, b) => a.path.localeCompare(b.path));
}

/** What one operation needs: ACL path without its wildcard parts, and the privileges there. */
export function needsOf(operation: Operation, pve: PveMajor): readonly (readonly [path: string, privileges: readonly string[]])[] {
  const permissions = operation.kind === 'control' ? {} : operation.permissions;
  return Object.entries(permissions).map(([template, privileges]) => [basePath(template), privilegesOn(privileges, pve)] as const);
}

function privilegesOn(privileges: Privileges, pve: PveMajor): readonly string[] {
  if ('pve8' in privileges) return pve === 8 ? privileges.pve8 : privileges.pve9;
  return privileges;
}

/** `/vms/{vmid}` -> `/vms`. */
function basePath(template: string): string {
  const parts = template.split('/');
  const wildcard = parts.findIndex((part) => part.includes('{'));
  return parts.slice(0, wildcard < 0 ? parts.length : wildcard).join('/') || '/';
}

/** `/sdn/zones/localnetwork` -> `ProxmoxMCP-sdn-zones-localnetwork`. */
export function roleName(path: string): string {
  return `ProxmoxMCP-${path === '/' ? 'root' : path.slice(1).replaceAll('/', '-')}`;
}

/** Whom the roles are for. */
export interface TokenName {
  readonly user: string;
  readonly tokenName: string;
}

/**
 * The commands that a person runs on a Proxmox node. The token keeps its own privileges apart from the user's, so both get
 * the roles: a token never has more than its user.
 */
export function pveumCommands(grants: readonly Grant[], { user, tokenName }: TokenName): readonly string[] {
  const token = `'${user}!${tokenName}'`;
  return [
    ...grants.map(
      ({ role, privileges }) =>
        `pveum role add ${role} --privs '${privileges.join(',')}' || pveum role modify ${role} --privs '${privileges.join(',')}'`,
    ),
    `pveum user add ${user} --comment 'ProxmoxMCP-Plus'`,
    `pveum user token add ${user} ${tokenName} --privsep 1`,
    ...grants.map(({ path, role }) => `pveum acl modify ${path} --users ${user} --tokens ${token} --roles ${role}`),
  ];
}
