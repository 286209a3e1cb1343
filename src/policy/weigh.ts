import type { Policy } from './compile-policy.ts';
import { decideCommand } from './decide-command.ts';
import type { Decision, DecisionEffect, Verdict } from './decision.ts';
import { strictest } from './decision.ts';
import { highRiskSays, isHighRisk } from './high-risk.ts';
import { INVARIANTS } from './invariants.ts';
import type { PolicyRequest, TargetFacts } from './request.ts';
import { rulesSay } from './rules.ts';

/** One step of a decision, told. */
export interface DecisionStep {
  /** Which check, e.g. `scope` or `rules on guest 101`. */
  readonly check: string;
  readonly says: DecisionEffect | 'passes' | 'nothing';
  /** One sentence of the server's own. */
  readonly detail: string;
  readonly rules: readonly string[];
}

/** Weighs a call: the decision, and the steps that led to it. */
export function weigh(request: PolicyRequest, policy: Policy): { readonly decision: Decision; readonly steps: readonly DecisionStep[] } {
  const steps: DecisionStep[] = [];
  const tell = (check: string, verdict: Verdict | undefined, otherwise: string, silent: DecisionStep['says'] = 'nothing') => {
    steps.push({
      check,
      says: verdict?.effect ?? silent,
      detail: verdict?.reason ?? otherwise,
      rules: verdict?.rules ?? [],
    });
  };
  const refusals: Verdict[] = [];
  for (const { name, passes, refuse } of INVARIANTS) {
    const refusal = refuse(request, policy.section);
    tell(name, refusal, passes, 'passes');
    if (refusal !== undefined) refusals.push(refusal);
  }
  const judged = takesCommand(request) ? judgeCommandCall(request, policy, tell) : judgeCall(request, policy, tell);
  const tainted = judged.effect === 'allow' ? untrustedTextSays(request, policy) : undefined;
  tell('untrusted text', tainted, 'Untrusted text asks for nothing here.', 'passes');
  const [refusal = judged, ...others] = [...refusals, strictest(judged, ...(tainted === undefined ? [] : [tainted]))];
  const { rules = [], ...verdict } = strictest(refusal, ...others);
  const { risk } = request.operation;
  const fourEyes = verdict.effect === 'ask' && risk !== undefined && policy.section.four_eyes.includes(risk);
  return { decision: { ...verdict, rules: [...new Set(rules)], fourEyes }, steps };
}

type Tell = (check: string, verdict: Verdict | undefined, otherwise: string, silent?: DecisionStep['says']) => void;

function takesCommand({ operation, command, script }: PolicyRequest): boolean {
  return operation.takesCommand === true || command !== undefined || script !== undefined;
}

function judgeCall(request: PolicyRequest, policy: Policy, tell: Tell): Verdict {
  const { section } = policy;
  const said = judgeByRules(request, policy, tell);
  const hard = said.settled ?? riskDefault(request, policy);
  if (said.settled === undefined) tell('default by risk', hard, 'The default asks, in the way the high-risk settings say.');
  const high = highRiskSays(request, section, hard?.effect === 'allow');
  tell('high risk', high, isHighRisk(request.operation, section) ? 'A rule settles it.' : 'The operation is not of high risk.');
  if (hard === undefined) return strictest(high ?? DEFAULT_ASK, ...said.asking);
  if (high === undefined) return strictest(hard, ...said.asking);
  // Both allow: the high-risk settings name what the call owes its passing to.
  return hard.effect === 'allow' ? strictest(high, ...said.asking) : strictest(hard, high);
}

function judgeCommandCall(request: PolicyRequest, policy: Policy, tell: Tell): Verdict {
  const said = judgeByRules(request, policy, tell);
  const command = decideCommand(request, policy);
  tell('command', command, '');
  const high = highRiskSays(request, policy.section, true);
  tell(
    'high risk',
    high,
    isHighRisk(request.operation, policy.section) ? 'The command rules settle it.' : 'The operation is not of high risk.',
  );
  // A rule on operations can refuse or ask; only command rules can allow a command.
  const others = [said.settled, high, ...said.asking].filter((verdict) => verdict !== undefined);
  return strictest(command, ...others);
}

const DEFAULT_ASK: Verdict = {
  effect: 'ask',
  code: 'OP_POLICY_APPROVAL_REQUIRED',
  cause: 'risk-default',
  reason: 'The policy asks for an approval by default.',
};

interface Said {
  /** What the rules settle for all targets together; undefined where the default speaks for at least one. */
  readonly settled: Verdict | undefined;
  /** Rules that ask, and hold at least perhaps. */
  readonly asking: readonly Verdict[];
}

function judgeByRules(request: PolicyRequest, policy: Policy, tell: Tell): Said {
  const unknownGuest: readonly (TargetFacts | undefined)[] = request.operation.risk === 'read' ? [undefined] : [{}];
  const targets = request.targets.length === 0 ? unknownGuest : request.targets;
  const asking: Verdict[] = [];
  const verdicts = targets.map((target) => {
    const say = rulesSay(policy.rules, request, target, policy.section.protected_tags);
    const verdict = say.effect === undefined ? undefined : fromRules(say.effect, say.rules);
    const where = target === undefined ? '' : ` on ${labelOf(target)}`;
    tell(`rules${where}`, verdict, 'No rule settles it.');
    if (say.asking.length > 0) {
      const perhaps = fromRules('ask', say.asking);
      asking.push(perhaps);
      if (verdict === undefined) tell(`rules that may hold${where}`, perhaps, '');
    }
    return verdict;
  });
  const found = verdicts.filter((verdict) => verdict !== undefined);
  const [first, ...others] = found;
  const settled = first === undefined ? undefined : strictest(first, ...others);
  // One target left to the default: the default must be weighed too, unless something already denies.
  if (settled?.effect === 'deny' || found.length === verdicts.length) return { settled, asking };
  return { settled: undefined, asking };
}

function fromRules(effect: DecisionEffect, rules: readonly { readonly label: string; readonly reason: string | undefined }[]): Verdict {
  const own = rules.find((rule) => rule.reason !== undefined)?.reason;
  const code = effect === 'deny' ? 'OP_POLICY_DENIED' : effect === 'ask' ? 'OP_POLICY_APPROVAL_REQUIRED' : 'OP_POLICY_ALLOW';
  const said = { deny: 'A rule denies this.', ask: 'A rule asks for an approval.', allow: 'A rule allows this.' }[effect];
  return { effect, code, cause: 'rule', reason: own ?? said, rules: rules.map((rule) => rule.label) };
}

/** The default for the risk; undefined where it asks in the way the high-risk settings say. */
function riskDefault({ operation }: PolicyRequest, { section }: Policy): Verdict | undefined {
  const { risk } = operation;
  const effect = risk === undefined ? 'deny' : section.risks[risk];
  const listed = section.high_risk.operations.includes(operation.name);
  if (effect === 'ask') return isHighRisk(operation, section) ? undefined : DEFAULT_ASK;
  if (effect === 'allow') return { effect, code: 'OP_POLICY_ALLOW', cause: 'risk-default', reason: 'The policy allows this by default.' };
  if (risk === 'execute' && listed) return undefined;
  return {
    effect,
    code: 'OP_POLICY_DENIED',
    cause: 'risk-default',
    reason: 'No rule allows this, and the policy denies it by default.',
    hint: 'Ask the operator for a rule that allows it.',
  };
}

function untrustedTextSays({ operation, principal, untrustedTextRead }: PolicyRequest, { section }: Policy): Verdict | undefined {
  const setting = section.untrusted_text_requires_approval;
  const applies = setting === 'on' || (setting === 'auto' && (principal.surface === 'http' || principal.surface === 'mcp-http'));
  if (!applies || !untrustedTextRead || (operation.risk !== 'destroy' && operation.risk !== 'execute')) return undefined;
  return {
    effect: 'ask',
    code: operation.takesCommand === true ? 'CMD_POLICY_APPROVAL_REQUIRED' : 'OP_POLICY_APPROVAL_REQUIRED',
    cause: 'untrusted-text',
    reason: 'The session has read text from guests, so a person must approve what destroys or executes.',
  };
}

function labelOf(target: TargetFacts): string {
  if (target.vmid !== undefined) return `guest ${target.vmid}`;
  return target.kind === 'other' ? `node ${target.node ?? 'unknown'}` : 'an unknown guest';
}
