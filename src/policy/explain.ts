import type { Policy } from './compile-policy.ts';
import type { Decision } from './decision.ts';
import type { PolicyRequest } from './request.ts';
import type { DecisionStep } from './weigh.ts';
import { weigh } from './weigh.ts';

/** A decision with each step that led to it, in the order in which the checks are made. */
export interface Explanation {
  readonly decision: Decision;
  readonly steps: readonly DecisionStep[];
}

/** The decision that `decide` makes, explained. */
export function explain(request: PolicyRequest, policy: Policy): Explanation {
  return weigh(request, policy);
}
