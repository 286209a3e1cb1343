import { z } from 'zod';
import type { Environment } from '../domain/environment.ts';
import {
  authSection,
  auditSection,
  jobsSection,
  loggingSection,
  mcpSection,
  plainPolicySection,
  proxmoxSection,
  securitySection,
} from './basic-config-schema.ts';
import { configFields } from './config-fields.ts';
import { beyondTypes } from './config-rules.ts';
import { isWorldReadable, merge, normalize, parseJson, readIfThere } from './config-text.ts';
import { isUnset, readEnvironment } from './read-environment.ts';

const BASIC = {
  proxmox: proxmoxSection,
  auth: authSection,
  logging: loggingSection.prefault({}),
  mcp: mcpSection.prefault({}),
  jobs: jobsSection.prefault({}),
  audit: auditSection.prefault({}),
  policy: plainPolicySection.prefault({}),
  security: securitySection.prefault({}),
};
/** Every variable of a setting begins like this. */
export const OUR_VARIABLES = /^(?:PROXMOX|MCP|MCPO|API|COMMAND_POLICY|LOG)_/;
const SSH_VARIABLES = /^PROXMOX_SSH_/;
/** Variables that are no settings and change nothing of what is offered. */
const BESIDE_SETTINGS = ['PROXMOX_MCP_CONFIG', 'PROXMOX_MCP_STATE_DIR'];

/** What a server has to know of its configuration before it is asked to do anything. */
export interface PlainConfig {
  readonly jobs: z.output<typeof jobsSection>;
  /** Whether commands and files in containers are offered. */
  readonly hasSsh: boolean;
  readonly isReadOnly: boolean;
}

/**
 * The configuration of a server on standard input and output with an ordinary policy, as most are: the few sections it needs are
 * checked by the same rules as all, and the rest of the rules is not loaded. What it accepts, `loadConfig` accepts.
 * @returns undefined for every other configuration, also for a wrong one: `loadConfig` is to judge it
 */
export async function plainConfig(environment: Environment): Promise<PlainConfig | undefined> {
  const path = environment['PROXMOX_MCP_CONFIG'];
  try {
    const text = path ? readIfThere(path) : undefined;
    if (path && (text === undefined || isWorldReadable(path))) return undefined;
    const variables = Object.keys(environment).filter((name) => OUR_VARIABLES.test(name) && !isUnset(environment[name]));
    const file = path && text !== undefined ? parseJson(text, path) : undefined;
    const usesSsh = file === undefined ? variables.some((name) => SSH_VARIABLES.test(name)) : Object.hasOwn(file, 'ssh');
    const schema = usesSsh ? z.object({ ...BASIC, ssh: (await import('./ssh-config-schema.ts')).sshSection }) : z.object(BASIC);
    const fields = configFields(schema);
    const known = new Set([...BESIDE_SETTINGS, ...fields.map(({ env }) => env)]);
    if (variables.some((name) => !known.has(name))) return undefined;
    const counting = file === undefined ? fields : fields.filter(({ overridesFile }) => overridesFile);
    const given = normalize(merge(file ?? {}, readEnvironment(counting, environment)));
    if (Object.keys(given).some((section) => section !== '$schema' && !Object.hasOwn(schema.shape, section))) return undefined;
    const parsed = schema.safeParse(given);
    return parsed.success && beyondTypes(given).length === 0 ? plainly(parsed.data) : undefined;
  } catch {
    return undefined;
  }
}

type Basic = { readonly [Section in keyof typeof BASIC]: z.output<(typeof BASIC)[Section]> };

function plainly({ proxmox, mcp, jobs, policy, ...others }: Basic & { readonly ssh?: unknown }): PlainConfig | undefined {
  const isOrdinary = mcp.transport === 'STDIO' && mcp.tools === 'all' && !mcp.tool_allowlist && !mcp.tool_denylist;
  // A file that cannot be read and a database that cannot be reached are told at the start, not at the first call.
  const needsNothing = proxmox.ca_file === undefined && jobs.database_url === undefined;
  return isOrdinary && needsNothing ? { jobs, hasSsh: others.ssh !== undefined, isReadOnly: policy.read_only } : undefined;
}
