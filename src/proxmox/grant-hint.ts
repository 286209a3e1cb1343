/** Privileges on one ACL path. */
export interface PrivilegesOnPath {
  readonly path: string;
  readonly privileges: readonly string[];
}

/**
 * How a token is given privileges, with the lines that a person runs on a node. An entry on a path stands in place of whatever
 * was inherited there, so privileges that the token has on the path already must be among those given.
 */
export function grantHint(grants: readonly PrivilegesOnPath[], tokenId: string): string {
  const user = tokenId.split('!')[0] ?? '';
  const lines = grants.map(({ path, privileges }) => {
    const role = `MCP${path === '/' ? '-root' : path.replaceAll(/[^A-Za-z0-9]+/g, '-')}`;
    const privs = `--privs '${privileges.join(',')}'`;
    return `pveum role add ${role} ${privs} || pveum role modify ${role} --append 1 ${privs}; pveum acl modify ${path} --tokens '${tokenId}' --roles ${role}`;
  });
  return `On a Proxmox node: ${lines.join('; ')}. A token never has more than its user: if that is not enough, repeat pveum acl modify with --users ${user}.`;
}
