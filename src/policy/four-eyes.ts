import { hasScope, type Principal } from '../domain/principal.ts';
import type { Decision } from './decision.ts';

/** Whether a principal may answer the question that a decision asked of the caller, and why not. */
export function mayApprove(
  decision: Pick<Decision, 'effect' | 'fourEyes'>,
  caller: Principal,
  approver: Principal,
): { readonly may: boolean; readonly reason: string } {
  if (decision.effect !== 'ask') return { may: false, reason: 'The decision asks nothing.' };
  if (!hasScope(approver, 'approve')) return { may: false, reason: 'The approver lacks the scope approve.' };
  if (decision.fourEyes && approver.id === caller.id) return { may: false, reason: 'The policy wants another principal than the caller.' };
  return { may: true, reason: 'The approver has the scope approve.' };
}
