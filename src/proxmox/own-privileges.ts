import { OperationError } from '../domain/operation-error.ts';
import type { ProxmoxApi } from './api.ts';
import { grantHint, type PrivilegesOnPath } from './grant-hint.ts';
import { readRecord } from './lenient.ts';
import { route } from './route.ts';

/** What the token itself may do. @see pve-access-control PVE/API2/AccessControl.pm, permissions */
export function ownPrivilegeReads(api: ProxmoxApi) {
  const { tokenId } = api.context;

  /** Null where the token cannot be asked about. */
  async function heldOn(path: string): Promise<readonly string[] | null> {
    try {
      const { data } = await api.read(route('/access/permissions', {}), { params: { path } });
      return Object.keys(readRecord(readRecord(data)[path]));
    } catch (error) {
      if (error instanceof OperationError && error.code !== 'proxmox_unreachable') return null;
      throw error;
    }
  }

  /** How the token is given what it lacks and keeps what it has there. */
  async function hintOf(lacking: readonly PrivilegesOnPath[]): Promise<string> {
    const grants = lacking.map(async ({ path, privileges }) => {
      const held = (await heldOn(path)) ?? [];
      return { path, privileges: [...new Set([...held, ...privileges])].toSorted() };
    });
    return grantHint(await Promise.all(grants), tokenId);
  }

  return {
    /**
     * For privileges whose lack Proxmox tells too late (inside the task) or without naming them. One of the paths is enough.
     * Where the token cannot be asked about, Proxmox itself decides.
     * @throws OperationError `missing_privilege`
     */
    async assertPrivilege(privilege: string, paths: readonly [string, ...string[]]): Promise<void> {
      const held = await Promise.all(paths.map(heldOn));
      if (held.some((privileges) => privileges === null || privileges.includes(privilege))) return;
      throw new OperationError('missing_privilege', `The API token ${tokenId} lacks ${privilege} on ${paths.join(' or ')}.`, {
        hint: await hintOf([{ path: paths[0], privileges: [privilege] }]),
        details: { path: paths[0], privileges: [privilege] },
      });
    },

    /** Those of the privileges that the token certainly lacks on a path. */
    async lackingPrivileges(path: string, privileges: readonly string[]): Promise<readonly string[]> {
      const held = await heldOn(path);
      return held === null ? [] : privileges.filter((privilege) => !held.includes(privilege));
    },
    grantHint: hintOf,
    /** `user@realm!tokenid`, which is no secret. */
    tokenId,
  };
}
