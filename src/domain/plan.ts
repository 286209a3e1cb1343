import type { Step } from './mutation.ts';

/** Named values of any kind, as JSON has them: what a call is given, what it answers, the details of an event. */
export type Facts = Readonly<Record<string, unknown>>;

/**
 * What an operation wants done, found by reading the cluster and writing nothing. A job plans anew before each step, so a
 * plan never outlives the facts it was made from.
 */
export type Plan = SendPlan | UnchangedPlan;

export interface SendPlan {
  readonly kind: 'send';
  readonly step: Step;
  /** Plan again once this step has succeeded: the job needs more than one (stop first, then destroy). */
  readonly again: boolean;
  /** Facts that become part of the job's result, e.g. the storage that was chosen. */
  readonly result: Facts;
  /** Set where the step puts another configuration in place of the guest's: what keeps the guest from harm after it. */
  readonly leaves?: GuestProtection;
}

/** What may keep a guest from being destroyed. */
export interface GuestProtection {
  /** Proxmox's own flag. */
  readonly protection: boolean;
  readonly tags: readonly string[];
}

export interface UnchangedPlan {
  readonly kind: 'unchanged';
  /** Why there is nothing to do, e.g. `VM 101 is already running.` */
  readonly message: string;
  readonly result: Facts;
}

/** Send this and be done. */
export function send(step: Step, result: Facts = {}, more: Pick<SendPlan, 'leaves'> = {}): SendPlan {
  return { kind: 'send', step, again: false, result, ...more };
}

/** Send this, wait for its end, then plan again: one job of several steps that survives a crash between them. */
export function sendThenContinue(step: Step, result: Facts = {}): SendPlan {
  return { kind: 'send', step, again: true, result };
}

/** Nothing needs to be written: the cluster is as the caller wants it. */
export function unchanged(message: string, result: Facts = {}): UnchangedPlan {
  return { kind: 'unchanged', message, result };
}
