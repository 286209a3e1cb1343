import type { Facts } from '../domain/plan.ts';
import type { Principal } from '../domain/principal.ts';
import type { Job } from '../jobs/job.ts';

/** One request to run one operation. */
export interface Call {
  readonly operation: string;
  /** As it came in; checked here and nowhere else. */
  readonly arguments: unknown;
  readonly principal: Principal;
  readonly requestId: string;
  readonly idempotencyKey?: string;
  /** True when the person at the caller's client can be asked within this call. */
  readonly canAskCaller?: boolean;
  /** Ends the waiting, never a job. */
  readonly signal?: AbortSignal;
  /** Sees the job change while the call waits for it. */
  readonly onProgress?: (job: Job) => void;
}

/** A call that was let in. */
export interface EnteredCall extends Call {
  /** Tells it from every other call. A request id cannot: over HTTP it is the caller's own word. */
  readonly callId: string;
}

export interface CallResult {
  /** Fits the operation's output schema, plus `ignored_arguments` where there were any. */
  readonly output: Facts;
  /** The same facts in lines. */
  readonly text: string;
  /** Ids of the jobs this call made or met. */
  readonly jobIds: readonly string[];
}
