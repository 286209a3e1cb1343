import { OperationError } from '../domain/operation-error.ts';
import type { ProxmoxApi } from './api.ts';
import { grantCommand } from './failure.ts';
import { readRecord } from './lenient.ts';
import { route } from './route.ts';

/** What the token itself may do. @see pve-access-control PVE/API2/AccessControl.pm, permissions */
export function ownPrivilegeReads(api: ProxmoxApi) {
  return {
    /**
     * For privileges whose lack Proxmox tells too late (inside the task) or without naming them. One of the paths is enough.
     * Where the token cannot be asked about, Proxmox itself decides.
     * @throws OperationError `missing_privilege`
     */
    async assertPrivilege(privilege: string, paths: readonly [string, ...string[]]): Promise<void> {
      const held = await Promise.all(paths.map((path) => isHeld(privilege, path)));
      if (held.some((answer) => answer !== false)) return;
      const { tokenId } = api.context;
      throw new OperationError('missing_privilege', `The API token ${tokenId} lacks ${privilege} on ${paths.join(' or ')}.`, {
        hint: `On a Proxmox node: ${grantCommand(paths[0], privilege, tokenId)}`,
        details: { path: paths[0], privileges: [privilege] },
      });
    },

    /** Those of the privileges that the token certainly lacks on a path. */
    async lackingPrivileges(path: string, privileges: readonly string[]): Promise<readonly string[]> {
      const held = await Promise.all(privileges.map((privilege) => isHeld(privilege, path)));
      return privileges.filter((_privilege, index) => held[index] === false);
    },
    /** The `pveum` line that gives the token one privilege on one path. */
    grantCommand: (path: string, privilege: string): string => grantCommand(path, privilege, api.context.tokenId),
    /** `user@realm!tokenid`, which is no secret. */
    tokenId: api.context.tokenId,
  };

  async function isHeld(privilege: string, path: string): Promise<boolean | null> {
    try {
      const { data } = await api.read(route('/access/permissions', {}), { params: { path } });
      return readRecord(readRecord(data)[path])[privilege] !== undefined;
    } catch (error) {
      if (error instanceof OperationError && error.code !== 'proxmox_unreachable') return null;
      throw error;
    }
  }
}
