import type { Clock } from '../domain/clock.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { SendPlan } from '../domain/plan.ts';
import type { Job } from '../jobs/job.ts';
import type { DescribeTargets } from '../operations/target-facts.ts';
import { approvalHash } from './approval-request.ts';
import { approvalOf, type ApprovalRequest } from './stored-approval.ts';

export interface CheckApprovalOptions {
  readonly describeTargets: DescribeTargets;
  readonly policyVersion: string;
  readonly validForMs: number;
  readonly clock: Clock;
}

/**
 * Checks, right before a step is sent, that an approved job still is what was approved: the same request, the same guest.
 * Jobs that never asked pass.
 * @throws OperationError `conflict`, effect none, when it is not: then nothing may be sent
 */
export type CheckApproval = (job: Job, plan: SendPlan) => Promise<void>;

export function createCheckApproval({ describeTargets, policyVersion, validForMs, clock }: CheckApprovalOptions): CheckApproval {
  return async (job, plan) => {
    if (job.approval === null) return;
    const approval = approvalOf(job);
    if (!approval) throw stale(job, 'The approval of this job cannot be read.');
    // What was asked of an earlier attempt says nothing of one that policy let pass by itself.
    if (approval.attempt !== job.retryCount) return;
    if (approval.approved !== true || approval.decided_at === undefined) throw stale(job, 'Nobody has approved this job.');
    if (approval.policy_version !== policyVersion) throw stale(job, 'The policy was changed after the question.');
    if (approval.hash !== approvalHash(job, approval)) throw stale(job, 'The job is not what was approved.');
    const isFirst = job.stepsDone === 0 && !job.tainted;
    if (isFirst && clock.now().getTime() - Date.parse(approval.decided_at) > validForMs)
      throw stale(job, 'The approval was given too long ago.');
    await checkTargets(job, approval, plan, isFirst);
  };

  async function checkTargets(job: Job, approval: ApprovalRequest, plan: SendPlan, isFirst: boolean): Promise<void> {
    // A job that changes its guest by itself looks different after its first step; what destroys is always compared.
    const compares = isFirst || (plan.step.repeat ?? job.repeat) === 'destructive';
    const now = await describeTargets(plan, { config: compares, listing: false });
    for (const { key, identity } of now) {
      const approved = approval.targets.find((target) => target.key === key);
      if (!approved) throw stale(job, `${key} was not part of what was approved.`);
      if (!compares || approved.lasting === null) {
        if (compares && identity !== undefined) throw stale(job, `${key} did not exist when this was approved, and does now.`);
        continue;
      }
      const same = isFirst ? identity?.exact === approved.exact : identity?.lasting === approved.lasting;
      if (!same) throw stale(job, `${key} is not the guest that was approved: it was replaced or changed meanwhile.`);
    }
  }
}

function stale(job: Job, message: string): OperationError {
  return new OperationError('conflict', message, {
    hint: 'Look at the guest, then make the call again: a person will be asked anew.',
    details: { reason: 'approval_stale', job_id: job.jobId },
  });
}
