import { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import type { Permissions } from '../domain/privilege.ts';
import type { ProxmoxReader } from '../proxmox/reader.ts';

type Rights = Pick<ProxmoxReader, 'lackingPrivileges' | 'grantHint' | 'tokenId'>;

interface Needed {
  readonly path: string;
  /** False when a field of the path was left out, so that the path is that of everything of its kind. */
  readonly isExact: boolean;
  readonly privileges: readonly string[];
}

/**
 * Proxmox VE refuses some requests without naming what is missing, and leaves out of its lists what a token may not see, so
 * that it seems not to exist. Then the privileges that the operation declares are compared with those of the token.
 */
export async function explainRefusal(
  thrown: unknown,
  { permissions, input, pve }: { readonly permissions: Permissions; readonly input: Facts; readonly pve: Rights },
): Promise<unknown> {
  if (!(thrown instanceof OperationError)) return thrown;
  const isUnnamed = thrown.code === 'missing_privilege' && thrown.details['path'] === undefined;
  const isUnseen = thrown.code === 'not_found';
  if (!isUnnamed && !isUnseen) return thrown.code === 'missing_privilege' ? withWholeHint(thrown, pve) : thrown;
  const needed = Object.entries(permissions).map(([template, privileges]) => neededFor(template, privileges, input));
  const asked = isUnnamed ? needed : needed.filter(({ isExact }) => isExact).map(visible);
  const lacking = await Promise.all(
    asked.map(async ({ path, privileges }) => ({ path, privileges: await unlessUnknown(pve.lackingPrivileges(path, privileges)) })),
  );
  const missing = lacking.filter(({ privileges }) => privileges.length > 0);
  const [first] = missing;
  return first === undefined ? thrown : named(thrown, first, missing, pve);
}

/** Proxmox names what is missing; what the token has there already belongs into the same role. */
async function withWholeHint(refusal: OperationError, pve: Rights): Promise<OperationError> {
  const { path, privileges } = refusal.details;
  if (typeof path !== 'string' || !Array.isArray(privileges)) return refusal;
  const hint = await pve.grantHint([{ path, privileges: privileges.slice(0, 1).map(String) }]).catch(() => refusal.hint);
  return new OperationError(refusal.code, refusal.message, { hint, effect: refusal.effect, details: refusal.details, cause: refusal });
}

async function named(
  error: OperationError,
  first: Omit<Needed, 'isExact'>,
  missing: readonly Omit<Needed, 'isExact'>[],
  pve: Rights,
): Promise<OperationError> {
  const wanted = missing.map(({ path, privileges }) => `${privileges.join(' and ')} on ${path}`).join(' and ');
  const seen = error.code === 'not_found' ? ', so it cannot see whether what was named exists' : '';
  return new OperationError('missing_privilege', `The API token ${pve.tokenId} lacks ${wanted}${seen}.`, {
    hint: await pve.grantHint(missing),
    effect: error.effect,
    details: { ...error.details, path: first.path, privileges: first.privileges },
    cause: error,
  });
}

/** `/vms/{vmid}` -> `/vms/101`, or `/vms` where the call does not say which. */
function neededFor(template: string, privileges: Permissions[string], input: Facts): Needed {
  const filled: string[] = [];
  let isExact = true;
  for (const part of template.split('/').slice(1)) {
    const field = /^\{(\w+)\}$/.exec(part)?.[1];
    const value = field === undefined ? part : valueOf(input, field);
    if (value === undefined) {
      isExact = false;
      break;
    }
    filled.push(value);
  }
  // A privilege that only one of the releases has is named by Proxmox itself.
  const list = 'pve9' in privileges ? privileges.pve9.filter((privilege) => privileges.pve8.includes(privilege)) : privileges;
  return { path: `/${filled.join('/')}`, isExact, privileges: list };
}

function valueOf(input: Facts, field: string): string | undefined {
  const value = input[field] ?? (field === 'vmid' ? /^(?:[^:]+:)?(\d+)$/.exec(String(input['selector']))?.[1] : undefined);
  return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
}

const visible = (needed: Needed): Needed => ({
  ...needed,
  privileges: needed.privileges.filter((privilege) => privilege.endsWith('.Audit')),
});

/** What cannot be found out is not claimed to be missing. */
async function unlessUnknown(asked: Promise<readonly string[]>): Promise<readonly string[]> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof OperationError) return [];
    throw error;
  }
}
