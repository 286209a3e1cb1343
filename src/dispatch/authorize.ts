import type { GuestCommand } from '../domain/mutation.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { Facts, GuestProtection, SendPlan } from '../domain/plan.ts';
import { hasScope, type Principal } from '../domain/principal.ts';
import type { Job } from '../jobs/job.ts';
import type { DescribeTargets } from '../operations/target-facts.ts';
import { riskOfCall } from '../operations/risk-of-call.ts';
import { isProtected } from '../policy/conditions.ts';
import { decide } from '../policy/decide.ts';
import type { Decision } from '../policy/decision.ts';
import type { PolicyRequest, TargetFacts } from '../policy/request.ts';
import { isWrapper } from '../policy/wrapper.ts';
import { operationFacts, type ActivePolicy } from './active-policy.ts';
import type { GuestTextReaders } from './guest-text-readers.ts';
import type { RegisteredOperation } from './registered-operation.ts';
import type { UsageWindow } from './usage-window.ts';

/** A call, as far as it is known when policy is asked. */
export interface AuthorizeRequest {
  readonly registered: RegisteredOperation;
  readonly input: Facts;
  readonly principal: Principal;
  /** What would be sent; null for what sends nothing itself. */
  readonly plan: SendPlan | null;
  /** The job that a control steers. */
  readonly steered?: Job | undefined;
  readonly requestId: string;
  readonly callId: string;
  /** Jobs that the call makes in all. */
  readonly targetsOfCall: number;
  /** Whether the person at the caller's client can be asked within the call. */
  readonly canAskCaller: boolean;
  /** As given; counts only for operations that have the argument. */
  readonly approvalToken: string | undefined;
}

/** The one place that says whether a call may proceed. */
export type Authorize = (request: AuthorizeRequest) => Promise<Decision>;

export interface AuthorizeOptions {
  readonly active: ActivePolicy;
  readonly describeTargets: DescribeTargets;
  readonly usage: Pick<UsageWindow, 'count'>;
  readonly readers: Pick<GuestTextReaders, 'has'>;
}

const CONFIG_CONDITIONS = ['tags', 'template', 'protected'] as const;
const NO_USAGE = { writesLastHour: 0, destroyedLastHour: 0, destroyedLastDay: 0 };

/** Gathers the facts, as few as the policy can tell apart, and decides. */
export function createAuthorize({ active, describeTargets, usage, readers }: AuthorizeOptions): Authorize {
  const rules = [...active.policy.rules, ...active.policy.commandRules].map(({ conditions }) => conditions);
  const rulesNeedConfig = rules.some((when) => CONFIG_CONDITIONS.some((name) => when[name] !== undefined));
  const rulesNeedListing = rules.some((when) => when.pools !== undefined);

  const protects = ({ protection, tags }: GuestProtection): boolean =>
    isProtected({ protected: protection, tags }, active.policy.section.protected_tags) === true;

  return async (request) => {
    const { registered, input, principal, plan, steered, callId, targetsOfCall, canAskCaller, approvalToken } = request;
    const operation = operationFacts(registered, riskOfCall(registered.operation, input));
    const wants = { config: rulesNeedConfig || operation.risk === 'destroy', listing: rulesNeedListing };
    const targets = plan ? await describeTargets(plan, wants) : [];
    const facts: PolicyRequest = {
      operation,
      principal,
      targets: plan ? targets : steered ? targetsOfJob(steered) : targetsOfRead(input),
      targetsOfCall,
      usage: operation.risk === 'read' ? NO_USAGE : await usage.count(callId),
      untrustedTextRead: readers.has(principal),
      // A client whose credential cannot approve would be asked in vain.
      canAskCaller: canAskCaller && hasScope(principal, 'approve') && registered.operation.kind === 'task',
      approvalToken: registered.takesApprovalToken ? active.checkToken(approvalToken) : undefined,
      ...commandOf(registered, input, plan),
      ...fileOf(registered, input),
      removesProtection: plan?.leaves !== undefined && !protects(plan.leaves),
    };
    return decide(facts, active.policy);
  };
}

function commandOf({ operation }: RegisteredOperation, input: Facts, plan: SendPlan | null): Pick<PolicyRequest, 'command' | 'script'> {
  if (operation.kind !== 'task' || operation.takesCommand !== true) return {};
  if (typeof input['script'] === 'string') return { script: input['script'] };
  // What is judged is what runs. Without a command in the plan the empty one is judged, and refused.
  if (plan?.step.kind !== 'command') return { command: [] };
  const script = scriptIn(plan.step);
  return { command: plan.step.argv, ...(script === undefined ? {} : { script }) };
}

function fileOf({ operation }: RegisteredOperation, { path }: Facts): Pick<PolicyRequest, 'file'> {
  return operation.kind === 'query' && operation.readsGuestFile === true && typeof path === 'string' ? { file: path } : {};
}

/** The script that a shell or interpreter is given on its standard input: judged as one, and shown whole to whoever approves. */
export function scriptIn({ argv, stdin }: Pick<GuestCommand, 'argv' | 'stdin'>): string | undefined {
  return stdin !== undefined && stdin.byteLength > 0 && isWrapper(argv[0] ?? '') ? Buffer.from(stdin).toString('utf8') : undefined;
}

function targetsOfJob({ targets, node }: Job): readonly TargetFacts[] {
  return targets.map((key) => {
    const vmid = /^guest\/(\d+)$/.exec(key)?.[1];
    const place = node === null ? {} : { node };
    return vmid === undefined ? { kind: 'other', ...place } : { kind: 'guest', vmid: Number(vmid), ...place };
  });
}

/** Reads name a guest, a node, or nothing: a list is of everything that the token may see. */
function targetsOfRead(input: Facts): readonly TargetFacts[] {
  const { vmid, node, selector } = input;
  const place = typeof node === 'string' ? { node } : {};
  if (typeof vmid === 'number') return [{ kind: 'guest', vmid, ...place }];
  if (typeof selector === 'string') return [{ kind: 'guest', guestType: 'lxc', ...place }];
  return typeof node === 'string' ? [{ kind: 'other', node }] : [];
}

/** The error of a call that policy does not let pass. */
export function denied({ reason, hint, code, cause, rules }: Decision): OperationError {
  return new OperationError('denied', reason, { hint, details: { policy: code, cause, ...(rules.length === 0 ? {} : { rules }) } });
}
