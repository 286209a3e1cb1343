import type { Principal } from '../domain/principal.ts';
import type { Job } from '../jobs/job.ts';

/** What is stored with a job that waits for a person, and shown to whoever decides. */
export interface ApprovalRequest {
  /** SHA-256 over operation, input, targets and their identity, principal, policy and attempt: what is approved, and nothing else. */
  readonly hash: string;
  readonly policy_version: string;
  /** The attempt of the job that is asked for, from 0. */
  readonly attempt: number;
  readonly asked_by: string;
  readonly asked_over: Principal['surface'];
  readonly asked_at: string;
  /** Written by the server from facts, line by line. */
  readonly question: readonly string[];
  /** What a person types to approve. */
  readonly confirm: { readonly label: string; readonly expected: string };
  readonly code: string;
  readonly rules: readonly string[];
  /** True when another principal than the one who asked must decide. */
  readonly four_eyes: boolean;
  /** Everything the write may hold, with what tells it from another under the same name; null for what is yet to be made. */
  readonly targets: readonly { readonly key: string; readonly lasting: string | null; readonly exact: string | null }[];
}

/** The stored request of a job, or undefined when it never asked or holds something else. */
export function approvalOf({
  approval,
}: Pick<Job, 'approval'>):
  | (ApprovalRequest & { readonly approved?: boolean; readonly decided_at?: string; readonly decided_by?: string })
  | undefined {
  if (
    approval === null ||
    typeof approval['hash'] !== 'string' ||
    !Array.isArray(approval['targets']) ||
    !Array.isArray(approval['question'])
  )
    return undefined;
  return approval as unknown as ApprovalRequest;
}
