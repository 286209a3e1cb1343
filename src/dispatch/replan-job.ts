import { OperationError } from '../domain/operation-error.ts';
import type { Facts } from '../domain/plan.ts';
import type { Job } from '../jobs/job.ts';
import type { Replanned } from '../operations/define.ts';
import type { Runner } from '../operations/runner.ts';
import type { Admission } from './admit.ts';
import type { EnteredCall } from './call.ts';
import type { RegisteredOperation } from './registered-operation.ts';

interface Replanning {
  readonly registered: RegisteredOperation | undefined;
  readonly job: Job;
  /** Secret fields that were not stored. */
  readonly secrets: Facts;
  readonly call: EnteredCall;
  readonly runner: Runner;
  readonly admission: Admission;
  readonly approvalToken: string | undefined;
}

/**
 * Plans the operation of a job anew and asks policy again, for whoever wants to retry it.
 * @throws OperationError `denied`, `conflict` after a person's refusal, or whatever makes the operation impossible now
 */
export async function replanJob({ registered, job, secrets, call, runner, admission, approvalToken }: Replanning): Promise<Replanned> {
  if (registered?.operation.kind !== 'task') {
    throw new OperationError('conflict', `A job of ${job.operation} cannot be run again by this server.`, {
      hint: 'Make a new call instead.',
    });
  }
  if (job.state === 'rejected') {
    throw new OperationError('conflict', 'A person has refused this job, and that is final.', {
      hint: 'Ask the person what to do instead.',
      details: { job_id: job.jobId },
    });
  }
  const { operation } = registered;
  const input = { ...job.input, ...secrets };
  const plan = await runner.plan(operation, { input, jobId: job.jobId, planned: job.metadata });
  if (plan.kind === 'unchanged') throw new OperationError('conflict', `There is nothing left to do: ${plan.message}`);
  const { principal, requestId, callId, canAskCaller = false } = call;
  const approval = await admission.admit({
    registered,
    input,
    stored: job.input,
    principal,
    ownerId: job.principalId,
    plan,
    jobId: job.jobId,
    summary: job.summary,
    requestId,
    callId,
    targetsOfCall: 1,
    canAskCaller,
    approvalToken,
    reason: undefined,
    attempt: job.retryCount + 1,
  });
  return { plan, approval };
}
