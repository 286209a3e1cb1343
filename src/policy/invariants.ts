import { hasScope, type Scope } from '../domain/principal.ts';
import type { Risk } from '../domain/risk.ts';
import { RISKS } from '../domain/risk.ts';
import { isProtected } from './conditions.ts';
import type { DecisionCause, DecisionCode, Verdict } from './decision.ts';
import type { PolicySection } from './policy-schema.ts';
import { isSecretFile } from './secret-file.ts';
import type { OperationFacts, PolicyRequest } from './request.ts';

/** One check that no rule can lift: its name, and the refusal if it fails. */
export interface Invariant {
  readonly name: string;
  /** What it means that the check passes. */
  readonly passes: string;
  refuse(request: PolicyRequest, section: PolicySection): Verdict | undefined;
}

/** The scope a principal needs for an operation of each risk. `admin` includes all. */
const SCOPE_FOR_RISK: Readonly<Record<Risk, Scope>> = {
  read: 'read',
  change: 'operate',
  disrupt: 'operate',
  destroy: 'destroy',
  execute: 'execute',
};

/** The checks that come before every rule. */
export const INVARIANTS: readonly Invariant[] = [
  { name: 'known operation', passes: 'The operation is known.', refuse: ({ operation }) => refuseUnknown(operation) },
  {
    name: 'scope',
    passes: 'The principal has the scope.',
    refuse: (request) => refuseScope(request.operation, request.principal.scopes),
  },
  {
    name: 'toolset',
    passes: 'The toolset is on.',
    refuse: ({ operation }, section) => refuseToolset(operation, section),
  },
  {
    name: 'read-only',
    passes: 'The server may write, or the operation only reads.',
    refuse: ({ operation }, section) => refuseWrite(operation, section),
  },
  { name: 'protection', passes: 'No protected guest is destroyed or loses its protection.', refuse: refuseProtected },
  { name: 'secret file', passes: 'No file of credentials is read.', refuse: refuseSecretFile },
  { name: 'limits', passes: 'The call is within the limits.', refuse: refuseBeyondLimits },
];

/** Refusal of an operation without risk or toolset: nothing is known of it. */
export function refuseUnknown({ risk, toolset }: OperationFacts): Verdict | undefined {
  if (risk !== undefined && RISKS.includes(risk) && toolset !== undefined && toolset !== '') return undefined;
  return deny('OP_POLICY_UNKNOWN_OPERATION', 'unknown-operation', 'The operation is unknown to the policy.');
}

/** Refusal of a principal without the scope for the operation's risk. */
export function refuseScope({ risk }: OperationFacts, scopes: readonly Scope[]): Verdict | undefined {
  const needed = risk === undefined ? 'admin' : SCOPE_FOR_RISK[risk];
  if (hasScope({ scopes }, needed)) return undefined;
  return deny(
    'OP_POLICY_SCOPE',
    'scope',
    `The operation needs the scope ${needed}, which the caller does not have.`,
    'Use a key that has it.',
  );
}

/** Refusal of an operation whose toolset is switched off. */
export function refuseToolset({ toolset = '' }: OperationFacts, { toolsets, toolsets_off: off }: PolicySection): Verdict | undefined {
  if ((toolsets === null || toolsets.includes(toolset)) && !off.includes(toolset)) return undefined;
  return deny(
    'OP_POLICY_TOOLSET_OFF',
    'toolset-off',
    'The toolset of this operation is switched off.',
    'The operator can switch it on in policy.toolsets.',
  );
}

/** Refusal of a write while the server is read-only. */
export function refuseWrite({ risk }: OperationFacts, { read_only: readOnly }: PolicySection): Verdict | undefined {
  if (!readOnly || risk === 'read') return undefined;
  return deny('OP_POLICY_READ_ONLY', 'read-only', 'The server is read-only.', 'The operator can end this with policy.read_only: false.');
}

function refuseProtected(request: PolicyRequest, section: PolicySection): Verdict | undefined {
  const { operation } = request;
  const destroys = operation.risk === 'destroy' && operation.destroys !== 'part';
  if (!destroys && request.removesProtection !== true) return undefined;
  const what = destroys ? 'is not destroyed' : 'does not lose its protection';
  const guests = (request.targets.length === 0 ? [{}] : request.targets).filter((target) => target.kind !== 'other');
  const states = new Set(guests.map((guest) => isProtected(guest, section.protected_tags)));
  if (states.has(true))
    return deny(
      'OP_POLICY_PROTECTED',
      'protected-guest',
      `A protected guest ${what} through this server.`,
      'A person can clear the protection flag or the tag in Proxmox.',
    );
  if (states.has(undefined))
    return deny(
      'OP_POLICY_PROTECTED',
      'protected-guest',
      `Whether the guest is protected could not be found out, and a protected guest ${what}.`,
      'See that the API token may read the configuration of the guest (VM.Audit).',
    );
  return undefined;
}

function refuseSecretFile({ file }: PolicyRequest, { commands }: PolicySection): Verdict | undefined {
  if (file === undefined || commands.without_built_in_denials.includes('secret_file') || !isSecretFile(file)) return undefined;
  return deny(
    'OP_POLICY_DENIED',
    'built-in-denial',
    'The file holds credentials of the guest, and the built-in denial secret_file refuses to read it.',
    'An operator who wants such files read names secret_file in policy.commands.without_built_in_denials.',
  );
}

function refuseBeyondLimits({ operation, targets, targetsOfCall, usage }: PolicyRequest, { limits }: PolicySection): Verdict | undefined {
  if (operation.risk === 'read') return undefined;
  const count = Math.max(1, targetsOfCall ?? targets.length);
  const destroyed = operation.risk === 'destroy' ? count : 0;
  const checks: readonly (readonly [keyof typeof limits, number, number | null])[] = [
    ['targets_per_call', count, limits.targets_per_call],
    ['destroyed_per_call', destroyed, limits.destroyed_per_call],
    ['destroyed_per_hour', destroyed && usage.destroyedLastHour + destroyed, limits.destroyed_per_hour],
    ['destroyed_per_day', destroyed && usage.destroyedLastDay + destroyed, limits.destroyed_per_day],
    ['writes_per_hour', usage.writesLastHour + 1, limits.writes_per_hour],
  ];
  // Written so that a count that is not a number refuses too.
  const broken = checks.find(([, value, most]) => most !== null && !(value <= most));
  if (broken === undefined) return undefined;
  const [name, , most] = broken;
  return deny(
    'OP_POLICY_LIMIT',
    'limit',
    `The call goes beyond the limit ${name} of ${most}.`,
    name.endsWith('call') ? 'Split the call.' : 'Wait, or ask the operator to raise the limit.',
  );
}

function deny(code: DecisionCode, cause: DecisionCause, reason: string, hint?: string): Verdict {
  return { effect: 'deny', code, cause, reason, hint };
}
