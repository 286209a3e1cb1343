import { toOperationError } from '../../domain/operation-error.ts';
import { failed, ok, warning, type Finding } from '../../cli/finding.ts';
import type { Operation } from '../../operations/define.ts';
import type { ProxmoxApi } from '../../proxmox/api.ts';
import { readRecord } from '../../proxmox/lenient.ts';
import { route } from '../../proxmox/route.ts';
import { needsOf, roleName, type PveMajor } from '../least-privilege.ts';

type Held = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

interface Missing {
  readonly path: string;
  readonly privilege: string;
  readonly operations: readonly string[];
  /** Paths below on which it is held all the same. */
  readonly heldBelow: readonly string[];
}

/**
 * What the token may do, toolset by toolset, against what the catalogue declares.
 * @see pve-access-control PVE/API2/AccessControl.pm, permissions
 */
export async function checkPrivileges(
  api: ProxmoxApi,
  catalog: Readonly<Record<string, readonly Operation[]>>,
  pve: PveMajor,
): Promise<readonly Finding[]> {
  try {
    const held = await readHeld(api, catalog, pve);
    return Object.entries(catalog)
      .filter(([, operations]) => operations.some((operation) => needsOf(operation, pve).length > 0))
      .map(([toolset, operations]) => judge(toolset, missingFor(operations, pve, held), api.context.tokenId));
  } catch (thrown) {
    const { code, message, hint } = toOperationError(thrown);
    return [failed('privileges', code, message, hint)];
  }
}

/** Everything that Proxmox lists without being asked for a path, and every path that the catalogue names. */
async function readHeld(api: ProxmoxApi, catalog: Readonly<Record<string, readonly Operation[]>>, pve: PveMajor): Promise<Held> {
  const paths = new Set(
    Object.values(catalog).flatMap((operations) => operations.flatMap((operation) => needsOf(operation, pve).map(([path]) => path))),
  );
  const ask = async (params: { path?: string }): Promise<Held> =>
    readRecord((await api.read(route('/access/permissions', {}), { params })).data) as Held;
  const answers = await Promise.all([ask({}), ...[...paths].map((path) => ask({ path }))]);
  return Object.assign({}, ...answers) as Held;
}

function missingFor(operations: readonly Operation[], pve: PveMajor, held: Held): readonly Missing[] {
  const missing = new Map<string, { path: string; privilege: string; operations: string[] }>();
  for (const operation of operations) {
    for (const [path, privileges] of needsOf(operation, pve)) {
      for (const privilege of privileges) {
        if (held[path]?.[privilege] !== undefined) continue;
        const entry = missing.get(`${path} ${privilege}`) ?? { path, privilege, operations: [] };
        entry.operations.push(operation.name);
        missing.set(`${path} ${privilege}`, entry);
      }
    }
  }
  return [...missing.values()].map((entry) => ({ ...entry, heldBelow: pathsBelow(held, entry.path, entry.privilege) }));
}

/** `/vms/101`; guests may also be reached through their pool. */
function pathsBelow(held: Held, path: string, privilege: string): readonly string[] {
  return Object.entries(held)
    .filter(
      ([other, privileges]) =>
        (other.startsWith(`${path}/`) || (path === '/vms' && other.startsWith('/pool/'))) && privileges[privilege] !== undefined,
    )
    .map(([other]) => other);
}

function judge(toolset: string, missing: readonly Missing[], tokenId: string): Finding {
  const check = `privileges:${toolset}`;
  if (missing.length === 0) return ok(check, `The token may do all that ${toolset} needs.`);
  const nowhere = missing.filter(({ heldBelow }) => heldBelow.length === 0);
  const details = { missing };
  if (nowhere.length === 0) {
    const where = [...new Set(missing.flatMap(({ heldBelow }) => heldBelow))];
    return warning(check, `The token may use ${toolset} on ${list(where)} only.`, 'That is well if it is meant so.', details);
  }
  const byPath = Map.groupBy(nowhere, ({ path }) => path);
  const told = [...byPath].map(([path, entries]) => `${entries.map(({ privilege }) => privilege).join(', ')} on ${path}`);
  const operations = [...new Set(nowhere.flatMap((entry) => entry.operations))];
  const advice = [
    `Needed by ${list(operations)}. On a Proxmox node:`,
    ...[...byPath].flatMap(([path, entries]) =>
      grantLines(
        path,
        entries.map(({ privilege }) => privilege),
        tokenId,
      ),
    ),
  ];
  return failed(check, 'missing_privilege', `The token ${tokenId} lacks ${told.join('; ')}.`, advice.join('\n'), details);
}

/** A token has at most what its user has, so both get the role. */
function grantLines(path: string, privileges: readonly string[], tokenId: string): readonly string[] {
  const role = `${roleName(path)}-more`;
  const user = tokenId.split('!')[0] ?? '';
  return [
    `pveum role add ${role} --privs '${privileges.join(',')}' || pveum role modify ${role} --append 1 --privs '${privileges.join(',')}'`,
    `pveum acl modify ${path} --users ${user} --tokens '${tokenId}' --roles ${role}`,
  ];
}

function list(names: readonly string[]): string {
  return names.length <= 6 ? names.join(', ') : `${names.slice(0, 6).join(', ')} and ${names.length - 6} more`;
}
