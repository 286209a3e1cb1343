/**
 * How much harm a call can do, from least to most.
 * - `read` observes; - `change` alters or creates and can be undone; - `disrupt` interrupts a running guest;
 * - `destroy` loses data; - `execute` runs commands or writes files inside a guest.
 */
export const RISKS = ['read', 'change', 'disrupt', 'destroy', 'execute'] as const;
export type Risk = (typeof RISKS)[number];

/** Risks of operations that write, i.e. all but `read`. */
export type WriteRisk = Exclude<Risk, 'read'>;
