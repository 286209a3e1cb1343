/**
 * What may be done with a write whose outcome is in doubt, once it is proven that it did not happen.
 * - `convergent`: sending twice has the effect of sending once; may be sent again.
 * - `create-once`: Proxmox refuses the second one; may be sent again.
 * - `non-repeatable`: every send has an effect of its own; never sent again.
 * - `destructive`: never sent again without a person.
 */
const REPEAT_CLASSES = ['convergent', 'create-once', 'non-repeatable', 'destructive'] as const;
export type RepeatClass = (typeof REPEAT_CLASSES)[number];

/** True when a write of this class may be sent again after it was proven absent. */
export function isResendable(repeat: RepeatClass): boolean {
  return repeat === 'convergent' || repeat === 'create-once';
}
