import { allowsByPattern } from './allow-pattern.ts';
import { findBuiltInDenial } from './built-in-denial.ts';
import { canonicalCommand } from './canonical-command.ts';
import { deniedByBuiltIn, deniedByPattern } from './command-denial.ts';
import { verdict } from './command-verdict.ts';
import type { Policy } from './compile-policy.ts';
import type { DecisionEffect, Verdict } from './decision.ts';
import { isStricter, strictest } from './decision.ts';
import { judgeScript } from './judge-script.ts';
import { readCommand } from './read-command.ts';
import type { PolicyRequest } from './request.ts';
import { rulesSay } from './rules.ts';
import { isWrapper } from './wrapper.ts';

/** What policy says of the command or script of a call, apart from the rules on operations. */
export function decideCommand(request: PolicyRequest, policy: Policy): Verdict {
  const verdict =
    request.script === undefined ? judgeCommand(request, policy) : (refuseReader(request, policy) ?? judgeScript(request.script, policy));
  return verdict.effect === 'deny' ? verdict : withToken(verdict, request, policy);
}

/** What refuses the program that a script is given to, whatever the script says. */
function refuseReader(request: PolicyRequest, policy: Policy): Verdict | undefined {
  if (request.command === undefined) return undefined;
  const read = readCommand(request.command);
  return 'argv' in read ? refuseOutright(read.argv, [], judgeByRules(read.argv, request, policy), policy) : read;
}

function refuseOutright(argv: readonly string[], raw: readonly string[], ruled: Ruled, policy: Policy): Verdict | undefined {
  const builtIn = findBuiltInDenial(argv, policy.section.commands.without_built_in_denials);
  if (builtIn !== undefined) return deniedByBuiltIn(builtIn);
  const pattern = deniedByPattern([canonicalCommand(argv), argv.join(' '), ...raw], policy);
  return pattern ?? (ruled.effect === 'deny' ? ruled.verdict : undefined);
}

function judgeCommand(request: PolicyRequest, policy: Policy): Verdict {
  const raw = typeof request.command === 'string' ? [request.command] : [];
  const read = readCommand(request.command);
  if (!('argv' in read)) return read.cause === 'command-syntax' ? (deniedByPattern(raw, policy) ?? read) : read;
  const { argv } = read;
  const { commands, risks } = policy.section;

  const ruled = judgeByRules(argv, request, policy);
  const refused = refuseOutright(argv, raw, ruled, policy);
  if (refused !== undefined) return refused;
  const otherwise = ruled.effect === undefined ? judgeByPatterns() : ruled.verdict;
  if (ruled.asking !== undefined && isStricter('ask', otherwise.effect)) return ruled.asking;
  return otherwise;

  function judgeByPatterns(): Verdict {
    const allowed = policy.allowPatterns.some((pattern) => allowsByPattern(pattern, argv));
    const lenient = commands.mode === 'audit_only' || risks.execute !== 'deny';
    if ((allowed || lenient) && isWrapper(argv[0] ?? '')) return wrapperVerdict(argv[0] ?? '', commands.allow_shell_scripts);
    if (allowed) return verdict('allow', 'CMD_POLICY_ALLOW', 'allow-pattern', 'An allow pattern matches the whole command.');
    if (commands.mode === 'audit_only')
      return verdict('allow', 'CMD_POLICY_AUDIT_ALLOW', 'audit-only', 'No rule denies the command, and the mode is audit_only.');
    if (risks.execute === 'allow')
      return verdict('allow', 'CMD_POLICY_AUDIT_ALLOW', 'risk-default', 'No rule denies the command, and risks.execute is allow.');
    if (risks.execute === 'ask')
      return verdict('ask', 'CMD_POLICY_APPROVAL_REQUIRED', 'risk-default', 'No rule allows the command, so a person must.');
    return verdict(
      'deny',
      'CMD_POLICY_NOT_ALLOWLISTED',
      'not-allowlisted',
      'No rule or pattern of the policy allows this command.',
      'Ask the operator to add a rule under policy.commands.rules for exactly this program and these arguments.',
    );
  }
}

interface Ruled {
  readonly effect: DecisionEffect | undefined;
  readonly verdict: Verdict;
  readonly asking: Verdict | undefined;
}

function judgeByRules(argv: readonly string[], request: PolicyRequest, policy: Policy): Ruled {
  const matching = policy.commandRules.filter((rule) => rule.matches(argv));
  const targets = request.targets.length === 0 ? [{}] : request.targets;
  const said = targets.map((target) => rulesSay(matching, request, target, policy.section.protected_tags));
  const asks = said.flatMap((say) => say.asking);
  const asking =
    asks.length === 0
      ? undefined
      : verdict(
          'ask',
          'CMD_POLICY_APPROVAL_REQUIRED',
          'command-rule',
          asks[0]?.reason ?? 'A command rule asks for approval.',
          undefined,
          asks.map((rule) => rule.label),
        );
  const none: Ruled = {
    effect: undefined,
    asking,
    verdict: verdict('deny', 'CMD_POLICY_NOT_ALLOWLISTED', 'not-allowlisted', 'No command rule holds for every guest of this call.'),
  };
  const denying = said.find((say) => say.effect === 'deny');
  if (denying === undefined && said.some((say) => say.effect === undefined)) return none;
  const verdicts = said.map(({ effect = 'deny', rules }) => {
    const labels = rules.map((rule) => rule.label);
    const reason = rules.find((rule) => rule.reason !== undefined)?.reason;
    if (effect === 'deny')
      return verdict('deny', 'CMD_POLICY_DENY_PATTERN', 'command-rule', reason ?? 'A command rule denies this command.', undefined, labels);
    if (effect === 'ask')
      return verdict(
        'ask',
        'CMD_POLICY_APPROVAL_REQUIRED',
        'command-rule',
        reason ?? 'A command rule asks for approval.',
        undefined,
        labels,
      );
    return verdict('allow', 'CMD_POLICY_ALLOW', 'command-rule', 'A command rule describes exactly this command.', undefined, labels);
  });
  const [first = none.verdict, ...others] = verdicts;
  const strict = strictest(first, ...others);
  return { effect: strict.effect, verdict: strict, asking };
}

function wrapperVerdict(program: string, scriptsAllowed: boolean): Verdict {
  if (scriptsAllowed)
    return verdict(
      'ask',
      'CMD_POLICY_APPROVAL_REQUIRED',
      'wrapper',
      'The program runs what it is given, so a person must approve this command.',
    );
  return verdict(
    'deny',
    'CMD_POLICY_NOT_ALLOWLISTED',
    'wrapper',
    'The program runs what it is given, and no rule with knows_wrapper names it.',
    `Call the inner program directly, or ask the operator for a rule with program ${JSON.stringify(program).slice(0, 80)} and knows_wrapper: true.`,
  );
}

function withToken(judged: Verdict, request: PolicyRequest, policy: Policy): Verdict {
  const { token } = policy.section.commands;
  if (token === 'none') return judged;
  if (token === 'required_but_missing') {
    return verdict(
      'deny',
      'CMD_POLICY_APPROVAL_NOT_CONFIGURED',
      'token',
      'Commands need an approval token, and the server has none.',
      'Set command_policy.approval_token, or drop require_approval_token.',
    );
  }
  if (request.approvalToken?.opensCommands === true) return judged;
  if (request.approvalToken === undefined)
    return strictest(
      judged,
      verdict('ask', 'CMD_POLICY_APPROVAL_REQUIRED', 'token', 'Commands need an approval, and this operation takes no token.'),
    );
  return verdict('deny', 'CMD_POLICY_APPROVAL_REQUIRED', 'token', 'Commands need the approval token.', 'Pass it as approval_token.');
}
