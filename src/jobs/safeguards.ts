/**
 * The rules that keep a write from happening twice or being misreported, one switch each. A server always runs with all of
 * them; tests take one away at a time and prove that the damage is noticed.
 */
export interface Safeguards {
  /** SENDING is durable before the first byte goes out. */
  readonly writeAhead: boolean;
  /** Every change is a compare-and-set on epoch and state. */
  readonly fencing: boolean;
  /** Nothing is written once a short monotonic deadline has passed. */
  readonly sendDeadline: boolean;
  /** A SENDING that was found, not made, only becomes IN_DOUBT. */
  readonly foundSendingIsDoubt: boolean;
  /** An answer that proves nothing is doubt, not failure. */
  readonly ambiguityIsDoubt: boolean;
  /** Tasks that existed before the send are no candidates. */
  readonly baseline: boolean;
  /** Tasks of other jobs are no candidates. */
  readonly linkedOnce: boolean;
  /** Of several candidates none is taken. */
  readonly singleCandidate: boolean;
  /** While an earlier write on the same target and of the same type is unresolved, no task is taken over. */
  readonly quarantine: boolean;
  /** Absence is believed only after a time longer than every proxy and lock timeout. */
  readonly quietTime: boolean;
  /** A failed read is no observation. */
  readonly voidFailedReads: boolean;
  /** The cluster log is read beside the task list, which can miss a started worker. */
  readonly clusterLog: boolean;
  /** A job sent again after doubt never ends FAILED. */
  readonly taint: boolean;
  /** Non-repeatable and destructive writes are never sent again. */
  readonly repeatClass: boolean;
  /** A task that ended without a clear word is checked against the world. */
  readonly verifyUnclearEnds: boolean;
  /** A convergent write that Proxmox refused is checked against the world before it is called failed. */
  readonly worldBeforeFailure: boolean;
  /** One active write per target. */
  readonly targetClaims: boolean;
  /** The same key is the same job. */
  readonly idempotency: boolean;
}

/** What production runs with. */
export const ALL_SAFEGUARDS: Safeguards = Object.freeze({
  writeAhead: true,
  fencing: true,
  sendDeadline: true,
  foundSendingIsDoubt: true,
  ambiguityIsDoubt: true,
  baseline: true,
  linkedOnce: true,
  singleCandidate: true,
  quarantine: true,
  quietTime: true,
  voidFailedReads: true,
  clusterLog: true,
  taint: true,
  repeatClass: true,
  verifyUnclearEnds: true,
  worldBeforeFailure: true,
  targetClaims: true,
  idempotency: true,
});
