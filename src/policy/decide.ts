import type { Policy } from './compile-policy.ts';
import type { Decision } from './decision.ts';
import type { PolicyRequest } from './request.ts';
import { weigh } from './weigh.ts';

/**
 * Decides whether a call may proceed: pure, the same answer for the same facts. Deny overrides ask, ask overrides allow; the
 * order of rules plays no part; a missing fact counts against the call; an unknown operation is denied.
 */
export function decide(request: PolicyRequest, policy: Policy): Decision {
  return weigh(request, policy).decision;
}
