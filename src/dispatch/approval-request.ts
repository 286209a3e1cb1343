import { canonicalJson, digestOf } from '../domain/canonical-json.ts';
import type { SendPlan } from '../domain/plan.ts';
import { showUntrusted } from '../domain/untrusted-text.ts';
import type { Job } from '../jobs/job.ts';
import type { TargetDescription } from '../operations/target-facts.ts';
import { approvalText } from './approval-text.ts';
import type { AskedWrite } from './asked-write.ts';
import type { ApprovalRequest } from './stored-approval.ts';

/** Where and when it is asked. */
export interface AskingFacts {
  readonly now: Date;
  readonly expiresAt: Date;
  readonly policyVersion: string;
  /** With configuration and listing read anew. */
  readonly targets: readonly TargetDescription[];
}

export function approvalRequest(asked: AskedWrite, { now, expiresAt, policyVersion, targets }: AskingFacts): ApprovalRequest {
  const { registered, input, principal, ownerId, decision, attempt } = asked;
  const bound = targets
    .map(({ key, identity }) => ({ key, lasting: identity?.lasting ?? null, exact: identity?.exact ?? null }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  return {
    hash: approvalHash(
      { operation: registered.operation.name, input, principalId: ownerId },
      { policy_version: policyVersion, attempt, targets: bound },
    ),
    policy_version: policyVersion,
    attempt,
    asked_by: principal.id,
    asked_over: principal.surface,
    asked_at: now.toISOString(),
    question: approvalText(asked, targets, expiresAt),
    confirm: confirmationOf(targets, asked.plan),
    code: decision.code,
    rules: decision.rules,
    four_eyes: decision.fourEyes,
    targets: bound,
  };
}

/** The hash of what a job is about to do, from its own record. */
export function approvalHash(
  job: Pick<Job, 'operation' | 'input' | 'principalId'>,
  { policy_version, attempt, targets }: Pick<ApprovalRequest, 'policy_version' | 'attempt' | 'targets'>,
): string {
  const { operation, input, principalId } = job;
  // Through JSON, as the store keeps it.
  const stored = JSON.parse(canonicalJson(input)) as unknown;
  return `sha256:${digestOf({ operation, input: stored, principal: principalId, policy_version, attempt, targets })}`;
}

/** A name that can be typed, else the id: names are other people's text. */
function confirmationOf(targets: readonly TargetDescription[], { step }: SendPlan): ApprovalRequest['confirm'] {
  const guest = targets.find((target) => target.kind === 'guest' && target.disks) ?? targets.find((target) => target.kind === 'guest');
  if (guest?.vmid !== undefined) {
    const { name, vmid } = guest;
    const isTypable = name !== undefined && name !== '' && showUntrusted(name) === name;
    return isTypable ? { label: `Name of guest ${vmid}`, expected: name } : { label: 'Id of the guest', expected: String(vmid) };
  }
  const file = targets[0]?.key.split('/').at(-1) ?? '';
  return file !== '' && showUntrusted(file) === file
    ? { label: 'Name of the file', expected: file }
    : { label: 'Name of the node', expected: step.node };
}
