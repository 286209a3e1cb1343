/** The rules that keep a write from happening twice or being misreported. Tests take one away at a time and prove that the damage is noticed. */
export const SAFEGUARDS = [
  /** SENDING is durable before the first byte goes out. */
  'writeAhead',
  /** Every change is a compare-and-set on epoch and state. */
  'fencing',
  /** Nothing is written once a short monotonic deadline has passed. */
  'sendDeadline',
  /** A SENDING that was found, not made, only becomes IN_DOUBT. */
  'foundSendingIsDoubt',
  /** An answer that proves nothing is doubt, not failure. */
  'ambiguityIsDoubt',
  /** Tasks that existed before the send are no candidates. */
  'baseline',
  /** Tasks of other jobs are no candidates. */
  'linkedOnce',
  /** Of several candidates none is taken. */
  'singleCandidate',
  /** While an earlier write on the same target and of the same type is unresolved, no task is taken over. */
  'quarantine',
  /** Absence is believed only after a time longer than every proxy and lock timeout. */
  'quietTime',
  /** A failed read is no observation. */
  'voidFailedReads',
  /** The cluster log is read beside the task list, which can miss a started worker. */
  'clusterLog',
  /** A job sent again after doubt never ends FAILED. */
  'taint',
  /** Non-repeatable and destructive writes are never sent again. */
  'repeatClass',
  /** A task that ended without a clear word is checked against the world. */
  'verifyUnclearEnds',
  /** A convergent write that Proxmox refused is checked against the world before it is called failed. */
  'worldBeforeFailure',
  /** One active write per target. */
  'targetClaims',
  /** The same key is the same job. */
  'idempotency',
] as const;
export type Safeguard = (typeof SAFEGUARDS)[number];

/** Key of `globalThis` under which a test puts the name of the safeguard that it takes away. */
export const REMOVED_SAFEGUARD = '__PROXMOX_MCP_REMOVED_SAFEGUARD';

/**
 * Whether a test has taken a safeguard away. A build that defines `process.env.PROXMOX_MCP_BUILD` as `published` makes this a
 * constant null, which leaves no code in the bundle that goes without one.
 */
export const without: ((safeguard: Safeguard) => boolean) | null =
  process.env.PROXMOX_MCP_BUILD === 'published'
    ? null
    : (safeguard) => (globalThis as Record<string, unknown>)[REMOVED_SAFEGUARD] === safeguard;
