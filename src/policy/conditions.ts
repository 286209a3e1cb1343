import type { Conditions } from './conditions-schema.ts';
import { matchesName } from './name-pattern.ts';
import type { PolicyRequest, TargetFacts } from './request.ts';
import { parseVmidRange } from './vmid-range.ts';

/** Whether a condition holds. `maybe` when a fact is missing: it then counts where that makes the policy stricter. */
export type Holds = 'yes' | 'no' | 'maybe';

/** The subset of a request that conditions look at besides the target. */
export type Circumstances = Pick<PolicyRequest, 'operation' | 'principal' | 'untrustedTextRead'>;

/**
 * Whether all conditions hold for one target; undefined stands for a call that touches nothing by name. Conditions on a
 * target then do not hold, and conditions on guests do not hold for other things.
 */
export function conditionsHold(
  conditions: Conditions,
  call: Circumstances,
  target: TargetFacts | undefined,
  protectedTags: readonly string[] = [],
): Holds {
  return weakest([callConditionsHold(conditions, call), targetConditionsHold(conditions, target, protectedTags)]);
}

/** The conditions on the call alone: operation, principal, surface, what the session has read. */
export function callConditionsHold(
  conditions: Conditions,
  call: Omit<Circumstances, 'untrustedTextRead'> & { readonly untrustedTextRead?: boolean },
): Holds {
  const { operation, principal } = call;
  return weakest([
    oneOf(conditions.operations, operation.name),
    oneOf(conditions.toolsets, operation.toolset),
    listed(conditions.risks, operation.risk),
    oneOf(conditions.principals, principal.id),
    listed(conditions.surfaces, principal.surface),
    equals(conditions.untrusted_text, call.untrustedTextRead),
  ]);
}

function targetConditionsHold(conditions: Conditions, target: TargetFacts | undefined, protectedTags: readonly string[]): Holds {
  const guest = target !== undefined && target.kind !== 'other';
  const onGuest = (holds: Holds, condition: unknown): Holds => (condition === undefined ? 'yes' : guest ? holds : 'no');
  const { vmids, tags, pools, guest_types: types } = conditions;
  return weakest([
    conditions.nodes === undefined ? 'yes' : target === undefined ? 'no' : oneOf(conditions.nodes, target.node),
    onGuest(vmidHolds(vmids, target?.vmid), vmids),
    onGuest(someOf(tags, target?.tags), tags),
    onGuest(target?.pool === null ? 'no' : oneOf(pools, target?.pool), pools),
    onGuest(listed(types, target?.guestType), types),
    onGuest(equals(conditions.template, target?.template), conditions.template),
    onGuest(equals(conditions.protected, target === undefined ? undefined : isProtected(target, protectedTags)), conditions.protected),
  ]);
}

/** Whether a guest has Proxmox's protection flag or a protected tag; undefined when that could not be found out. */
export function isProtected(target: TargetFacts, protectedTags: readonly string[]): boolean | undefined {
  if (target.protected === true) return true;
  if (protectedTags.length === 0) return target.protected;
  const tagged = someOf(protectedTags, target.tags);
  if (tagged === 'yes') return true;
  return tagged === 'maybe' ? undefined : target.protected;
}

function weakest(all: readonly Holds[]): Holds {
  if (all.includes('no')) return 'no';
  return all.includes('maybe') ? 'maybe' : 'yes';
}

function oneOf(patterns: readonly string[] | undefined, name: string | undefined): Holds {
  if (patterns === undefined) return 'yes';
  if (name === undefined) return 'maybe';
  return patterns.some((pattern) => matchesName(pattern, name)) ? 'yes' : 'no';
}

function someOf(patterns: readonly string[] | undefined, names: readonly string[] | undefined): Holds {
  if (patterns === undefined) return 'yes';
  if (names === undefined) return 'maybe';
  return names.some((name) => oneOf(patterns, name) === 'yes') ? 'yes' : 'no';
}

function listed<T>(values: readonly T[] | undefined, value: T | undefined): Holds {
  if (values === undefined) return 'yes';
  if (value === undefined) return 'maybe';
  return values.includes(value) ? 'yes' : 'no';
}

function equals(wanted: boolean | undefined, value: boolean | undefined): Holds {
  if (wanted === undefined) return 'yes';
  if (value === undefined) return 'maybe';
  return wanted === value ? 'yes' : 'no';
}

function vmidHolds(ranges: Conditions['vmids'], vmid: number | undefined): Holds {
  if (ranges === undefined) return 'yes';
  if (vmid === undefined) return 'maybe';
  return ranges.some((range) => {
    const { first, last } = parseVmidRange(range);
    return vmid >= first && vmid <= last;
  })
    ? 'yes'
    : 'no';
}
