import type { JobState } from './job.ts';

interface TransitionRule {
  readonly from: readonly JobState[];
  readonly to: JobState;
}

const ENDED_BADLY = ['failed', 'cancelled', 'rejected', 'expired', 'not_observed', 'unknown'] as const satisfies readonly JobState[];

/**
 * Every change of state a job can make: event -> states it may happen in, and the state that follows. Nothing else moves a
 * job. A final state is left only by a person: `retried_*` opens a new attempt, `resolved_*` settles a doubtful one.
 * A person may also settle a running job whose task is out of reach.
 */
export const TRANSITIONS = {
  approved: { from: ['awaiting_approval'], to: 'ready' },
  rejected: { from: ['awaiting_approval'], to: 'rejected' },
  approval_expired: { from: ['awaiting_approval'], to: 'expired' },

  sending: { from: ['ready'], to: 'sending' },
  nothing_to_do: { from: ['ready'], to: 'succeeded' },
  impossible: { from: ['ready'], to: 'failed' },
  cancelled_before_send: { from: ['awaiting_approval', 'ready'], to: 'cancelled' },

  not_sent: { from: ['sending'], to: 'ready' },
  refused_for_now: { from: ['sending'], to: 'ready' },
  refused: { from: ['sending'], to: 'failed' },
  started: { from: ['sending'], to: 'running' },
  done: { from: ['sending'], to: 'succeeded' },
  doubted: { from: ['sending'], to: 'in_doubt' },
  found_sending: { from: ['sending'], to: 'in_doubt' },

  adopted: { from: ['in_doubt'], to: 'running' },
  proven_absent: { from: ['in_doubt'], to: 'ready' },
  not_observed: { from: ['in_doubt'], to: 'not_observed' },

  task_ok: { from: ['running'], to: 'succeeded' },
  task_warned: { from: ['running'], to: 'succeeded_with_warnings' },
  task_failed: { from: ['running'], to: 'failed' },
  task_cancelled: { from: ['running', 'verifying'], to: 'cancelled' },
  step_done: { from: ['sending', 'running', 'verifying'], to: 'ready' },

  to_verify: { from: ['ready', 'sending', 'in_doubt', 'running'], to: 'verifying' },
  verified: { from: ['verifying'], to: 'succeeded' },
  not_achieved: { from: ['verifying'], to: 'failed' },

  undecidable: { from: ['ready', 'sending', 'in_doubt', 'running', 'verifying'], to: 'unknown' },

  retried: { from: ENDED_BADLY, to: 'ready' },
  retried_asking: { from: ENDED_BADLY, to: 'awaiting_approval' },
  resolved_succeeded: { from: ['running', 'unknown', 'not_observed'], to: 'succeeded' },
  resolved_failed: { from: ['running', 'unknown', 'not_observed'], to: 'failed' },
} as const satisfies Record<string, TransitionRule>;

export type TransitionEvent = keyof typeof TRANSITIONS;

/** The state that follows, or undefined when the event cannot happen in this state. */
export function nextState(state: JobState, event: TransitionEvent): JobState | undefined {
  const rule: TransitionRule = TRANSITIONS[event];
  return rule.from.includes(state) ? rule.to : undefined;
}
