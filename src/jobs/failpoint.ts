/** Key of `globalThis` under which a test puts the function that is called with the name of each failure point. */
export const FAILPOINT_HOOK = '__PROXMOX_MCP_FAILPOINTS';

/**
 * Places where tests stop a server dead. A build that defines `process.env.PROXMOX_MCP_BUILD` as `published` makes this a
 * constant null, which takes every `if (failpoint)` out of the bundle.
 */
export const failpoint: ((name: string) => Promise<void>) | null =
  process.env.PROXMOX_MCP_BUILD === 'published'
    ? null
    : async (name) => {
        const hook = (globalThis as Record<string, unknown>)[FAILPOINT_HOOK];
        if (typeof hook === 'function') await (hook as (name: string) => unknown)(name);
      };
