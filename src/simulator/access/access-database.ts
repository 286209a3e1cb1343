import { SPECIAL_ROLES } from './roles.ts';

/** An API token; `value` is its secret (a UUID), `expire` 0 means never. */
interface Token {
  value: string;
  privsep: boolean;
  expire: number;
  comment?: string;
}

export interface User {
  readonly userid: string;
  enable: boolean;
  expire: number;
  password?: string;
  groups: Set<string>;
  readonly tokens: Map<string, Token>;
  email?: string;
  comment?: string;
  firstname?: string;
  lastname?: string;
}

export type AclSubject = 'user' | 'group' | 'token';

/** One line of the access control list: who has which role where. */
export interface AclEntry {
  path: string;
  type: AclSubject;
  ugid: string;
  roleid: string;
  propagate: boolean;
}

/** Users, groups, roles and the access control list: /etc/pve/user.cfg with the token secrets. */
export interface AccessDatabase {
  readonly users: Map<string, User>;
  readonly groups: Map<string, { comment?: string }>;
  readonly roles: Map<string, readonly string[]>;
  acl: AclEntry[];
  /** Counts changes, so that computed permissions can be kept until the next one. */
  revision: number;
}

export function createAccessDatabase(): AccessDatabase {
  const database: AccessDatabase = {
    users: new Map(),
    groups: new Map(),
    roles: new Map(Object.entries(SPECIAL_ROLES)),
    acl: [],
    revision: 0,
  };
  addUser(database, 'root@pam');
  return database;
}

export function addUser(database: AccessDatabase, userid: string): User {
  const user: User = { userid, enable: true, expire: 0, groups: new Set(), tokens: new Map() };
  database.users.set(userid, user);
  database.revision++;
  return user;
}

/** Splits `user@realm!token`; `token` is undefined for a user. */
export function splitIdentity(identity: string): { userid: string; tokenid: string | undefined } {
  const mark = identity.indexOf('!');
  return mark < 0 ? { userid: identity, tokenid: undefined } : { userid: identity.slice(0, mark), tokenid: identity.slice(mark + 1) };
}

/** Adds or removes one line of the access control list. */
export function setAcl(database: AccessDatabase, entry: AclEntry, remove = false): void {
  database.acl = database.acl.filter(
    (other) => !(other.path === entry.path && other.type === entry.type && other.ugid === entry.ugid && other.roleid === entry.roleid),
  );
  if (!remove) database.acl.push(entry);
  database.revision++;
}

/** `/vms//100/` becomes `/vms/100`; undefined when the path holds characters no ACL path may hold. */
export function normalizeAclPath(path: string): string | undefined {
  const clean = `/${path}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
  return /^[A-Za-z0-9.\-_/]+$/.test(clean) ? clean : undefined;
}

const ACL_PATHS = [
  /^\/$/,
  /^\/access$/,
  /^\/access\/groups$/,
  /^\/access\/groups\/[A-Za-z0-9.\-_]+$/,
  /^\/access\/realm$/,
  /^\/access\/realm\/[A-Za-z0-9.\-_]+$/,
  /^\/nodes$/,
  /^\/nodes\/[A-Za-z0-9.-]+$/,
  /^\/pool$/,
  /^\/pool\/[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+){0,2}$/,
  /^\/sdn$/,
  /^\/sdn\/controllers$/,
  /^\/sdn\/dns$/,
  /^\/sdn\/ipams$/,
  /^\/sdn\/fabrics$/,
  /^\/sdn\/zones$/,
  /^\/sdn\/zones\/[A-Za-z0-9.\-_]+(?:\/[A-Za-z0-9.\-_]+(?:\/[1-9][0-9]{0,3})?)?$/,
  /^\/storage$/,
  /^\/storage\/[A-Za-z0-9.\-_]+$/,
  /^\/vms$/,
  /^\/vms\/[1-9][0-9]{2,}$/,
  /^\/mapping$/,
  /^\/mapping\/(?:pci|usb|dir|notifications)(?:\/[A-Za-z0-9.\-_]+)?$/,
];

/** Whether an ACL may be set at this path. @see pve-access-control PVE/AccessControl.pm check_path */
export const isAclPath = (path: string): boolean => ACL_PATHS.some((pattern) => pattern.test(path));
