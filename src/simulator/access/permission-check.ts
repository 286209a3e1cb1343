import { failure, permissionFailure } from '../api/failure.ts';
import { splitList } from '../api/parameters.ts';
import type { EndpointSchema, PermissionTest } from '../api/schema.ts';
import type { RawValue } from '../api/check-parameters.ts';
import { normalizeAclPath, type AccessDatabase } from './access-database.ts';
import type { PermissionReader } from './permissions.ts';

/** Who asks for what: parameters are as they came, unchecked, because permissions are checked first. */
export interface PermissionQuestion {
  readonly identity: string;
  readonly parameters: Readonly<Record<string, RawValue>>;
  readonly reader: PermissionReader;
  readonly database: AccessDatabase;
}

/** Requires all privileges at a path. @throws ApiFailure 403 that names the first missing one */
export function requirePrivileges(reader: PermissionReader, identity: string, path: string, privileges: readonly string[]): void {
  const normalized = normalizeAclPath(path);
  for (const privilege of privileges) {
    if (normalized === undefined || !reader.has(identity, normalized, privilege))
      throw permissionFailure(`${normalized ?? ''}, ${privilege}`);
  }
}

/** Requires one of several privileges at a path. @throws ApiFailure 403 that names them all */
export function requireAnyPrivilege(reader: PermissionReader, identity: string, path: string, privileges: readonly string[]): void {
  const normalized = normalizeAclPath(path);
  if (normalized === undefined || !reader.hasAny(identity, normalized, privileges))
    throw permissionFailure(`${normalized ?? ''}, ${privileges.join('|')}`);
}

const fill = (template: string, parameters: Readonly<Record<string, RawValue>>): string =>
  template.replace(/\{([^}]+)\}/g, (_, name: string) => {
    const value = parameters[name];
    if (value === undefined || value === null || value === '') return '-';
    return typeof value === 'object' ? '(reference)' : String(value);
  });

const options = (rest: readonly unknown[]): Map<string, unknown> => {
  const found = new Map<string, unknown>();
  for (let n = 0; n + 1 < rest.length; n += 2) found.set(String(rest[n]), rest[n + 1]);
  return found;
};

const text = (value: RawValue): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');

/** Whether a test passes; a failing test throws the 403 it stands for. */
function passes(test: PermissionTest, question: PermissionQuestion): boolean {
  const { identity, parameters, reader, database } = question;
  const [kind, first, second, ...rest] = test;
  if (kind === 'and') return test.slice(1).every((part) => passes(part as PermissionTest, question));
  if (kind === 'or') {
    for (const part of test.slice(1)) {
      try {
        if (passes(part as PermissionTest, question)) return true;
      } catch {
        /* the next alternative may pass */
      }
    }
    throw permissionFailure();
  }
  if (kind === 'perm') {
    const settings = options(rest);
    const needed = settings.get('require_param');
    if (typeof needed === 'string' && parameters[needed] === undefined) return false;
    const path = fill(String(first), parameters);
    const privileges = second as readonly string[];
    if (settings.has('any')) requireAnyPrivilege(reader, identity, path, privileges);
    else requirePrivileges(reader, identity, path, privileges);
    return true;
  }
  const userid = text(parameters['userid']);
  if (kind === 'userid-param') {
    if (!/^[^\s:/]+@[A-Za-z][A-Za-z0-9.\-_]+$/.test(userid)) throw failure(`value '${userid}' does not look like a valid user name`);
    if (first === 'self') {
      if (!database.users.has(userid) || identity !== userid) throw permissionFailure();
      return true;
    }
    const realm = /@([^@]+)$/.exec(userid)?.[1];
    requirePrivileges(reader, identity, `/access/realm/${realm ?? '-'}`, ['Realm.AllocateUser']);
    return true;
  }
  if (kind === 'userid-group') {
    const privileges = first as readonly string[];
    if (reader.hasAny(identity, '/access/groups', privileges)) return true;
    const groupsParameter = options(test.slice(2)).get('groups_param');
    const allowed = (group: string): boolean => reader.hasAny(identity, `/access/groups/${group}`, privileges);
    if (groupsParameter !== undefined) {
      const groups = splitList(text(parameters['groups']));
      if (groups.length === 0) throw permissionFailure(`/access/groups, ${privileges.join(', ')}`);
      for (const group of groups) requireAnyPrivilege(reader, identity, `/access/groups/${group}`, privileges);
    }
    if (groupsParameter !== 'create' && ![...(database.users.get(userid)?.groups ?? [])].some(allowed)) throw permissionFailure();
    return true;
  }
  if (kind === 'perm-modify') {
    const path = normalizeAclPath(fill(String(first), parameters));
    if (path === undefined) return false;
    requirePermissionToDelegate(reader, identity, path);
    return true;
  }
  return false;
}

/** Whoever may modify permissions, or allocate the object itself, may hand out rights on a path. @see PVE/RPCEnvironment.pm check_perm_modify */
function requirePermissionToDelegate(reader: PermissionReader, identity: string, path: string): void {
  const alternatives = ['Permissions.Modify'];
  if (path.startsWith('/storage/')) alternatives.push('Datastore.Allocate');
  else if (path.startsWith('/vms/')) alternatives.push('VM.Allocate');
  else if (path.startsWith('/pool/')) alternatives.push('Pool.Allocate');
  else return requirePrivileges(reader, identity, path, alternatives);
  return requireAnyPrivilege(reader, identity, path, alternatives);
}

/**
 * Checks the permissions an endpoint declares.
 * @throws ApiFailure 403
 * @see pve-access-control PVE/RPCEnvironment.pm check_api2_permissions
 */
export function checkPermissions(endpoint: EndpointSchema, question: PermissionQuestion): void {
  if (question.identity === 'root@pam') return;
  const { permissions } = endpoint;
  if (permissions === undefined) throw permissionFailure('user != root@pam');
  if (permissions.user === 'all' || permissions.user === 'world') return;
  const test = permissions.expression?.check;
  if (test !== undefined && passes(test, question)) return;
  throw permissionFailure();
}
