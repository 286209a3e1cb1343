import type { Verdict } from './decision.ts';
import type { PolicySection } from './policy-schema.ts';
import type { OperationFacts, PolicyRequest } from './request.ts';

/** Whether an operation is of high risk: by its risk, or because the policy lists its name. */
export function isHighRisk({ name, risk }: OperationFacts, { high_risk: highRisk }: PolicySection): boolean {
  return highRisk.operations.includes(name) || (risk !== undefined && highRisk.risks.includes(risk));
}

/**
 * What the high-risk settings say of a call, or undefined when they leave it to the rules. `lifted` says that a rule or an
 * explicit default already allows the call: then audit_only asks nobody, while enforce and a required token still do.
 */
export function highRiskSays(request: PolicyRequest, section: PolicySection, lifted: boolean): Verdict | undefined {
  const { operation, approvalToken } = request;
  const { mode, operations, token } = section.high_risk;
  if (!isHighRisk(operation, section)) return undefined;
  if (mode === 'disabled')
    return {
      effect: 'allow',
      code: 'OP_POLICY_DISABLED',
      cause: 'high-risk',
      reason: 'The checks of high-risk operations are switched off.',
    };
  const listed = operations.includes(operation.name);
  if (listed && token === 'required_but_missing') {
    return {
      effect: 'deny',
      code: 'OP_POLICY_APPROVAL_NOT_CONFIGURED',
      cause: 'token',
      reason: 'The operation needs an approval token, and the server has none.',
      hint: 'Set command_policy.high_risk_approval_token, or drop high_risk_require_approval_token.',
    };
  }
  if (listed && token !== 'none' && approvalToken?.opensHighRisk === true) {
    return {
      effect: 'allow',
      code: mode === 'enforce' ? 'OP_POLICY_ALLOW' : 'OP_POLICY_AUDIT_ALLOW',
      cause: 'token',
      reason: 'The approval token is right.',
    };
  }
  if (listed && token === 'required' && approvalToken !== undefined) {
    return {
      effect: 'deny',
      code: 'OP_POLICY_APPROVAL_REQUIRED',
      cause: 'token',
      reason: 'The operation needs the approval token.',
      hint: 'Pass it as approval_token.',
    };
  }
  const tokenMeant = token === 'required' || token === 'required_but_missing';
  if (mode === 'enforce' || (tokenMeant && (listed || operation.risk === 'destroy')))
    return ask('The operation is of high risk and waits for an approval.');
  if (lifted) return undefined;
  const fourEyes = operation.risk !== undefined && section.four_eyes.includes(operation.risk);
  if (request.canAskCaller || fourEyes) return ask('The operation is of high risk, so a person is asked first.');
  return {
    effect: 'allow',
    code: 'OP_POLICY_AUDIT_ALLOW',
    cause: 'high-risk',
    reason: 'The operation is of high risk; nobody can be asked at this client, and the mode is audit_only.',
  };
}

function ask(reason: string): Verdict {
  return { effect: 'ask', code: 'OP_POLICY_APPROVAL_REQUIRED', cause: 'high-risk', reason };
}
