import { isAclPath, normalizeAclPath, setAcl, type AclSubject } from '../access/access-database.ts';
import { PRIVILEGES, SPECIAL_ROLES } from '../access/roles.ts';
import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure, parameterFailure } from '../api/failure.ts';

/** The privileges in a call. @throws ApiFailure 400 */
function privilegesIn(call: Call): string[] {
  const privileges = call.parameters.list('privs');
  const unknown = privileges.find((privilege) => !PRIVILEGES.includes(privilege));
  if (unknown !== undefined) throw parameterFailure({ privs: `invalid format - invalid privilege '${unknown}'\n` });
  return privileges;
}

const isSpecial = (roleid: string): boolean => Object.hasOwn(SPECIAL_ROLES, roleid);

function updateAcl(call: Call): null {
  const { world, parameters } = call;
  const { access } = world;
  const path = normalizeAclPath(parameters.string('path'));
  if (path === undefined || !isAclPath(path)) throw parameterFailure({ path: `invalid ACL path '${parameters.string('path')}'` });
  const isRemoval = parameters.flag('delete');
  const subjects: Array<[AclSubject, string]> = [
    ...parameters.list('users').map((id): [AclSubject, string] => ['user', id]),
    ...parameters.list('groups').map((id): [AclSubject, string] => ['group', id]),
    ...parameters.list('tokens').map((id): [AclSubject, string] => ['token', id]),
  ];
  if (subjects.length === 0)
    throw parameterFailure({
      users: "either 'users', 'groups' or 'tokens' is required.",
      groups: "either 'users', 'groups' or 'tokens' is required.",
      tokens: "either 'users', 'groups' or 'tokens' is required.",
    });
  for (const roleid of parameters.list('roles')) {
    if (!isRemoval && !access.roles.has(roleid)) throw failure(`ACL update failed: role '${roleid}' does not exist`);
    for (const [type, ugid] of subjects) {
      const [userid = '', tokenid = ''] = ugid.split('!');
      if (!isRemoval && type === 'user' && !access.users.has(ugid)) throw failure(`ACL update failed: user '${ugid}' does not exist`);
      if (!isRemoval && type === 'group' && !access.groups.has(ugid)) throw failure(`ACL update failed: group '${ugid}' does not exist`);
      if (!isRemoval && type === 'token' && access.users.get(userid)?.tokens.has(tokenid) !== true)
        throw failure(`ACL update failed: no such token '${tokenid}' for user '${userid}'`);
      setAcl(access, { path, type, ugid, roleid, propagate: parameters.flag('propagate', true) }, isRemoval);
    }
  }
  return null;
}

/** Roles, groups and the access control list. @see pve-access-control PVE/API2/Role.pm, PVE/API2/ACL.pm, PVE/API2/Group.pm */
export const rightEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/access/roles',
    handler: ({ world }) =>
      [...world.access.roles].map(([roleid, privileges]) => ({
        roleid,
        privs: [...privileges].sort().join(','),
        ...(isSpecial(roleid) ? { special: 1 } : {}),
      })),
  },
  {
    method: 'GET',
    path: '/access/roles/{roleid}',
    handler({ world, parameters }) {
      const privileges = world.access.roles.get(parameters.string('roleid'));
      if (privileges === undefined) throw failure(`role '${parameters.string('roleid')}' does not exist`);
      return Object.fromEntries(privileges.map((privilege) => [privilege, 1]));
    },
  },
  {
    method: 'POST',
    path: '/access/roles',
    handler(call) {
      const roleid = call.parameters.string('roleid');
      const privileges = privilegesIn(call);
      if (call.world.access.roles.has(roleid)) throw failure(`create role failed: role '${roleid}' already exists`);
      call.world.access.roles.set(roleid, privileges);
      call.world.access.revision++;
      return null;
    },
  },
  {
    method: 'PUT',
    path: '/access/roles/{roleid}',
    handler(call) {
      const { access } = call.world;
      const roleid = call.parameters.string('roleid');
      const before = access.roles.get(roleid);
      const privileges = privilegesIn(call);
      if (isSpecial(roleid)) throw failure(`update role failed: auto-generated role '${roleid}' cannot be modified`);
      if (before === undefined) throw failure(`update role failed: role '${roleid}' does not exist`);
      access.roles.set(roleid, call.parameters.flag('append') ? [...new Set([...before, ...privileges])] : privileges);
      access.revision++;
      return null;
    },
  },
  {
    method: 'DELETE',
    path: '/access/roles/{roleid}',
    handler(call) {
      const { access } = call.world;
      const roleid = call.parameters.string('roleid');
      if (isSpecial(roleid)) throw failure(`delete role failed: auto-generated role '${roleid}' cannot be deleted`);
      if (!access.roles.delete(roleid)) throw failure(`delete role failed: role '${roleid}' does not exist`);
      access.acl = access.acl.filter((entry) => entry.roleid !== roleid);
      access.revision++;
      return null;
    },
  },
  {
    method: 'GET',
    path: '/access/groups',
    handler: ({ world }) =>
      [...world.access.groups].map(([groupid, { comment }]) => ({
        groupid,
        ...(comment === undefined ? {} : { comment }),
        users: [...world.access.users.values()]
          .filter((user) => user.groups.has(groupid))
          .map((user) => user.userid)
          .join(','),
      })),
  },
  {
    method: 'POST',
    path: '/access/groups',
    handler({ world, parameters }) {
      const groupid = parameters.string('groupid');
      if (world.access.groups.has(groupid)) throw failure(`create group failed: group '${groupid}' already exists`);
      const comment = parameters.optionalString('comment');
      world.access.groups.set(groupid, comment === undefined ? {} : { comment });
      return null;
    },
  },
  {
    method: 'DELETE',
    path: '/access/groups/{groupid}',
    handler({ world, parameters }) {
      const groupid = parameters.string('groupid');
      if (!world.access.groups.delete(groupid)) throw failure(`delete group failed: group '${groupid}' does not exist`);
      for (const user of world.access.users.values()) user.groups.delete(groupid);
      world.access.revision++;
      return null;
    },
  },
  {
    method: 'GET',
    path: '/access/acl',
    handler: (call) =>
      call.world.access.acl
        .filter((entry) => call.hasAny('/access', ['Permissions.Modify', 'Sys.Audit']) || call.has(entry.path, 'Permissions.Modify'))
        .map((entry) => ({ ...entry, propagate: entry.propagate ? 1 : 0 })),
  },
  { method: 'PUT', path: '/access/acl', handler: updateAcl },
];
