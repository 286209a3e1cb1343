import { z } from 'zod';
import type { ProxmoxReader } from '../proxmox/reader.ts';

/** Why a list may lack rows or figures; null where nothing speaks for it. */
export const partial = z.string().nullable().describe('Why this may not be all; null when it is.');

/** Proxmox VE leaves out of its lists what a token may not see, without saying so. Asked where a list looks like it. */
export async function whyPartial(
  pve: Pick<ProxmoxReader, 'lackingPrivileges' | 'grantHint' | 'tokenId'>,
  wanted: readonly (readonly [path: string, privilege: string])[],
): Promise<string | null> {
  const lacking = await Promise.all(
    wanted.map(async ([path, privilege]) =>
      (await pve.lackingPrivileges(path, [privilege])).length > 0 ? ([path, privilege] as const) : null,
    ),
  );
  const missing = lacking.filter((entry) => entry !== null);
  if (missing.length === 0) return null;
  const named = missing.map(([path, privilege]) => `${privilege} on ${path}`).join(' and ');
  const hint = await pve.grantHint(missing.map(([path, privilege]) => ({ path, privileges: [privilege] })));
  return `This may be partial: the API token ${pve.tokenId} lacks ${named}. ${hint}`;
}
