import { addUser, type AccessDatabase, type User } from '../access/access-database.ts';
import type { Call, Endpoint } from '../api/endpoint.ts';
import { failure, parameterFailure } from '../api/failure.ts';
import type { Parameters } from '../api/parameters.ts';

/** @throws ApiFailure 500 */
function existing(call: Call): User {
  const userid = call.parameters.string('userid');
  const user = call.world.access.users.get(userid);
  if (user === undefined) throw failure(`no such user ('${userid}')`);
  return user;
}

const TEXTS = ['comment', 'email', 'firstname', 'lastname'] as const;

function describe(user: User): Record<string, unknown> {
  return {
    enable: user.enable ? 1 : 0,
    expire: user.expire,
    ...Object.fromEntries(TEXTS.flatMap((key) => (user[key] === undefined ? [] : [[key, user[key]]]))),
  };
}

function change(database: AccessDatabase, user: User, parameters: Parameters): void {
  for (const key of TEXTS) {
    const value = parameters.optionalString(key);
    if (value !== undefined) user[key] = value;
  }
  if (parameters.has('enable')) user.enable = parameters.flag('enable');
  user.expire = parameters.optionalNumber('expire') ?? user.expire;
  const password = parameters.optionalString('password');
  if (password !== undefined) user.password = password;
  if (parameters.has('groups')) {
    if (!parameters.flag('append')) user.groups.clear();
    for (const group of parameters.list('groups')) {
      if (!database.groups.has(group)) throw failure(`user '${user.userid}' - group '${group}' does not exist`);
      user.groups.add(group);
    }
  }
  database.revision++;
}

const tokenInfo = (token: { privsep: boolean; expire: number; comment?: string }): Record<string, unknown> => ({
  privsep: token.privsep ? 1 : 0,
  expire: token.expire,
  ...(token.comment === undefined ? {} : { comment: token.comment }),
});

/** @throws ApiFailure 500 */
function existingToken(call: Call): { user: User; tokenid: string } {
  const user = existing(call);
  const tokenid = call.parameters.string('tokenid');
  if (!user.tokens.has(tokenid)) throw failure(`no such token '${tokenid}' for user '${user.userid}'`);
  return { user, tokenid };
}

const realmType = (userid: string): string => (userid.endsWith('@pam') ? 'pam' : 'pve');

/** Users and their API tokens. A token's secret is shown once, when it is made. @see pve-access-control PVE/API2/User.pm */
export const userEndpoints: readonly Endpoint[] = [
  {
    method: 'GET',
    path: '/access/users',
    handler(call) {
      const { world, parameters, identity } = call;
      const seesAll = call.hasAny('/access/groups', ['User.Modify', 'Sys.Audit']);
      return [...world.access.users.values()]
        .filter(
          (user) =>
            seesAll ||
            user.userid === identity.split('!')[0] ||
            [...user.groups].some((group) => call.hasAny(`/access/groups/${group}`, ['User.Modify', 'Sys.Audit'])),
        )
        .map((user) => ({
          userid: user.userid,
          'realm-type': realmType(user.userid),
          ...describe(user),
          ...(parameters.flag('full')
            ? { groups: [...user.groups].join(','), tokens: [...user.tokens].map(([tokenid, token]) => ({ tokenid, ...tokenInfo(token) })) }
            : {}),
        }));
    },
  },
  {
    method: 'POST',
    path: '/access/users',
    handler({ world, parameters }) {
      const userid = parameters.string('userid');
      if (world.access.users.has(userid)) throw failure(`create user failed: user '${userid}' already exists`);
      change(world.access, addUser(world.access, userid), parameters);
      return null;
    },
  },
  {
    method: 'GET',
    path: '/access/users/{userid}',
    handler(call) {
      const user = existing(call);
      return {
        ...describe(user),
        groups: [...user.groups],
        tokens: Object.fromEntries([...user.tokens].map(([tokenid, token]) => [tokenid, tokenInfo(token)])),
      };
    },
  },
  {
    method: 'PUT',
    path: '/access/users/{userid}',
    handler: (call) => {
      change(call.world.access, existing(call), call.parameters);
      return null;
    },
  },
  {
    method: 'DELETE',
    path: '/access/users/{userid}',
    handler(call) {
      const { access } = call.world;
      const { userid } = existing(call);
      access.users.delete(userid);
      access.acl = access.acl.filter((entry) => entry.ugid !== userid && !entry.ugid.startsWith(`${userid}!`));
      access.revision++;
      return null;
    },
  },
  {
    method: 'GET',
    path: '/access/users/{userid}/token',
    handler: (call) => [...existing(call).tokens].map(([tokenid, token]) => ({ tokenid, ...tokenInfo(token) })),
  },
  {
    method: 'GET',
    path: '/access/users/{userid}/token/{tokenid}',
    handler(call) {
      const { user, tokenid } = existingToken(call);
      const token = user.tokens.get(tokenid);
      return token === undefined ? null : tokenInfo(token);
    },
  },
  {
    method: 'POST',
    path: '/access/users/{userid}/token/{tokenid}',
    handler(call) {
      const { world, parameters } = call;
      const user = existing(call);
      const tokenid = parameters.string('tokenid');
      if (user.tokens.has(tokenid)) throw parameterFailure({ tokenid: 'Token already exists.' });
      const value = crypto.randomUUID();
      const comment = parameters.optionalString('comment');
      const token = {
        value,
        privsep: parameters.flag('privsep', true),
        expire: parameters.optionalNumber('expire') ?? user.expire,
        ...(comment === undefined ? {} : { comment }),
      };
      user.tokens.set(tokenid, token);
      world.access.revision++;
      return {
        'full-tokenid': `${user.userid}!${tokenid}`,
        value,
        info: { privsep: token.privsep ? '1' : '0', expire: String(token.expire), ...(comment === undefined ? {} : { comment }) },
      };
    },
  },
  {
    method: 'PUT',
    path: '/access/users/{userid}/token/{tokenid}',
    handler(call) {
      const { world, parameters } = call;
      const { user, tokenid } = existingToken(call);
      const token = user.tokens.get(tokenid);
      if (token === undefined) return null;
      if (parameters.has('privsep')) token.privsep = parameters.flag('privsep');
      token.expire = parameters.optionalNumber('expire') ?? token.expire;
      const comment = parameters.optionalString('comment');
      if (comment !== undefined) token.comment = comment;
      world.access.revision++;
      const info = { ...tokenInfo(token), ...(parameters.has('expire') ? { expire: parameters.string('expire') } : {}) };
      if (!parameters.flag('regenerate')) return info;
      token.value = crypto.randomUUID();
      return { ...info, 'full-tokenid': `${user.userid}!${tokenid}`, value: token.value };
    },
  },
  {
    method: 'DELETE',
    path: '/access/users/{userid}/token/{tokenid}',
    handler(call) {
      const { user, tokenid } = existingToken(call);
      user.tokens.delete(tokenid);
      call.world.access.acl = call.world.access.acl.filter((entry) => entry.ugid !== `${user.userid}!${tokenid}`);
      call.world.access.revision++;
      return null;
    },
  },
];
