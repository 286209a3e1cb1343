import type { Facts, SendPlan } from '../domain/plan.ts';
import type { Principal } from '../domain/principal.ts';
import type { Decision } from '../policy/decision.ts';
import type { RegisteredOperation } from './registered-operation.ts';

/** What an approval is asked for. */
export interface AskedWrite {
  readonly jobId: string;
  readonly registered: RegisteredOperation;
  /** Without secrets. */
  readonly input: Facts;
  /** Who asks: the caller, or whoever retries the job. */
  readonly principal: Principal;
  /** The principal of the job. */
  readonly ownerId: string;
  readonly plan: SendPlan;
  readonly decision: Decision;
  readonly summary: string;
  /** The caller's own words, shown as such. */
  readonly reason: string | undefined;
  readonly attempt: number;
}
