import { OperationError } from '../domain/operation-error.ts';
import type { Facts, SendPlan } from '../domain/plan.ts';
import type { Principal } from '../domain/principal.ts';
import type { RegisteredOperation } from './registered-operation.ts';

/** What policy says of a call, with its reason for people. */
export interface Verdict {
  readonly effect: 'allow' | 'ask' | 'deny';
  readonly code: string;
  readonly reason: string;
  readonly hint?: string;
}

/** The one place that says whether a call may proceed. Reads are judged without a plan. */
export type Authorize = (request: {
  readonly registered: RegisteredOperation;
  readonly input: Facts;
  readonly principal: Principal;
  readonly plan: SendPlan | null;
}) => Promise<Verdict>;

/** The error of a call that policy does not let pass. */
export function denied({ reason, hint, code }: Verdict): OperationError {
  return new OperationError('denied', reason, { hint, details: { policy: code } });
}
