import type { Principal } from '../domain/principal.ts';
import type { Policy } from './compile-policy.ts';
import { callConditionsHold } from './conditions.ts';
import type { Conditions } from './conditions-schema.ts';
import { refuseScope, refuseToolset, refuseUnknown, refuseWrite } from './invariants.ts';
import type { OperationFacts } from './request.ts';
import type { WeighedRule } from './rules.ts';

const ABOUT_TARGETS = [
  'nodes',
  'vmids',
  'tags',
  'pools',
  'guest_types',
  'template',
  'protected',
] as const satisfies readonly (keyof Conditions)[];

/**
 * Whether there is any call of this operation by this principal that the policy would not deny. What this refuses is left
 * out of `tools/list` and the OpenAPI document. Operations that take a command stay listed while no rule allows any command,
 * unless `commands.tools_listed` is `when_allowed`: the refusal names the rule to ask for.
 */
export function canEverAllow(operation: OperationFacts, principal: Principal, policy: Policy): boolean {
  const { section } = policy;
  if (
    refuseUnknown(operation) ??
    refuseScope(operation, principal.scopes) ??
    refuseToolset(operation, section) ??
    refuseWrite(operation, section)
  )
    return false;
  if (operation.risk === undefined || limitIsZero(operation, policy)) return false;
  const call = { operation, principal };
  const always = (rule: WeighedRule) =>
    callConditionsHold(rule.conditions, call) === 'yes' && ABOUT_TARGETS.every((name) => rule.conditions[name] === undefined);
  const possibly = (rule: WeighedRule) => rule.effect !== 'deny' && callConditionsHold(rule.conditions, call) !== 'no';
  if (policy.rules.some((rule) => rule.effect === 'deny' && always(rule))) return false;
  if (operation.takesCommand === true) return commandsPossible(policy, possibly);
  const { risk, name } = operation;
  const listed = section.high_risk.operations.includes(name);
  if (listed && section.high_risk.token === 'required_but_missing' && section.high_risk.mode !== 'disabled') return false;
  return section.risks[risk] !== 'deny' || (risk === 'execute' && listed) || policy.rules.some(possibly);
}

function commandsPossible(policy: Policy, possibly: (rule: WeighedRule) => boolean): boolean {
  const { commands, risks } = policy.section;
  if (commands.tools_listed === 'always') return true;
  if (commands.token === 'required_but_missing') return false;
  return (
    commands.mode === 'audit_only' ||
    risks.execute !== 'deny' ||
    commands.allow_shell_scripts ||
    policy.allowPatterns.length > 0 ||
    policy.commandRules.some(possibly)
  );
}

function limitIsZero({ risk }: OperationFacts, { section: { limits } }: Policy): boolean {
  if (risk === 'read') return false;
  if (limits.targets_per_call === 0 || limits.writes_per_hour === 0) return true;
  return risk === 'destroy' && (limits.destroyed_per_call === 0 || limits.destroyed_per_hour === 0 || limits.destroyed_per_day === 0);
}
