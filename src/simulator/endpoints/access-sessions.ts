import type { Endpoint } from '../api/endpoint.ts';
import { ApiFailure, permissionFailure } from '../api/failure.ts';
import { normalizeAclPath, splitIdentity } from '../access/access-database.ts';
import { parameterFailure } from '../api/failure.ts';

/** The paths whose permissions are told when none is asked for. @see PVE/RPCEnvironment.pm get_effective_permissions */
const STANDARD_PATHS = ['/', '/access', '/access/groups', '/mapping', '/nodes', '/pool', '/sdn', '/storage', '/vms'];

const CAPABILITIES: Readonly<Record<string, { path: string; prefixes: readonly string[] }>> = {
  vms: { path: '/vms', prefixes: ['VM.'] },
  storage: { path: '/storage', prefixes: ['Datastore.'] },
  access: { path: '/access', prefixes: ['User.', 'Group.'] },
  nodes: { path: '/nodes', prefixes: ['Sys.'] },
  sdn: { path: '/sdn', prefixes: ['SDN.'] },
  dc: { path: '/', prefixes: ['Sys.Audit', 'Sys.Modify', 'SDN.'] },
  mapping: { path: '/mapping', prefixes: ['Mapping.'] },
};

/** Logging in, and what somebody may do. @see pve-access-control PVE/API2/AccessControl.pm */
export const sessionEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/access/domains',
    handler: () => [
      { realm: 'pam', type: 'pam', comment: 'Linux PAM standard authentication' },
      { realm: 'pve', type: 'pve', comment: 'Proxmox VE authentication server' },
    ],
  },
  { method: 'GET', path: '/access/ticket', handler: () => null },
  {
    method: 'POST',
    path: '/access/ticket',
    handler({ world, parameters }) {
      const realm = parameters.optionalString('realm');
      const name = parameters.string('username');
      const userid = realm === undefined || name.includes('@') ? name : `${name}@${realm}`;
      const password = parameters.string('password');
      const user = world.access.users.get(userid);
      const now = world.clock.now();
      const isRight =
        user !== undefined &&
        user.enable &&
        (user.expire === 0 || user.expire > now) &&
        ((user.password !== undefined && user.password === password) || world.tickets.verify(password, now) === userid);
      if (!isRight) throw new ApiFailure(401, 'authentication failure\n');
      const cap = Object.fromEntries(
        Object.entries(CAPABILITIES).map(([kind, { path, prefixes }]) => [
          kind,
          Object.fromEntries(
            [...world.permissions.at(userid, path)]
              .filter(([privilege]) => privilege === 'Permissions.Modify' || prefixes.some((prefix) => privilege.startsWith(prefix)))
              .map(([privilege]) => [privilege, 1]),
          ),
        ]),
      );
      return {
        username: userid,
        ticket: world.tickets.ticket(userid, now),
        CSRFPreventionToken: world.tickets.csrfToken(userid, now),
        cap,
        ...(world.clusterName === undefined ? {} : { clustername: world.clusterName }),
      };
    },
  },
  {
    method: 'GET',
    path: '/access/permissions',
    handler({ world, parameters, identity, has }) {
      const who = parameters.optionalString('userid') ?? identity;
      const isSelf = who === identity || splitIdentity(who).userid === identity;
      if (!isSelf && !has('/access', 'Sys.Audit')) throw permissionFailure('/access, Sys.Audit');
      const wanted = parameters.optionalString('path');
      if (wanted !== undefined && normalizeAclPath(wanted) === undefined) throw parameterFailure({ path: `invalid ACL path '${wanted}'` });
      const paths =
        wanted === undefined
          ? [...new Set([...STANDARD_PATHS, ...world.access.acl.map((entry) => entry.path)])]
          : [normalizeAclPath(wanted) ?? '/'];
      const found: Record<string, Record<string, number>> = {};
      for (const path of paths) {
        const privileges = world.permissions.at(who, path);
        if (privileges.size > 0)
          found[path] = Object.fromEntries([...privileges].map(([privilege, propagates]) => [privilege, propagates ? 1 : 0]));
      }
      return found;
    },
  },
];
