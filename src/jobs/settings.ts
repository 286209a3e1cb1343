/** Times of the jobs room, all in milliseconds, and its bounds. */
export interface JobsSettings {
  /** How long `accept` waits for Proxmox's first answer before it answers with the job as it stands. */
  readonly answerWithinMs: number;
  /** How old a plan may be when it is sent without planning anew. */
  readonly planFreshMs: number;
  /** From recording the intent to the first byte. */
  readonly sendWithinMs: number;
  /** How long a request may take before its outcome counts as doubtful. Commands bring their own limit. */
  readonly answerTimeoutMs: number;
  /** First pause before something is tried again; doubles, with jitter. */
  readonly backoffMs: number;
  /** Times one step is handed to Proxmox in all. */
  readonly maxSends: number;
  /** Steps of one attempt. */
  readonly maxSteps: number;

  /** Nothing may have been seen for this long before a write counts as absent. At least 90 s. */
  readonly quietMs: number;
  readonly observeEveryMs: number;
  /** Complete observations without a trace that absence needs. */
  readonly observationsNeeded: number;
  /** After this time since the send the traces may be gone, and absence can no longer be shown. */
  readonly evidenceMs: number;
  /** How long an unresolved write keeps later ones of its kind from taking tasks over. */
  readonly quarantineMs: number;

  readonly verifyEveryMs: number;
  /** How long the world may take to show the effect of a task that ended unclearly. */
  readonly verifyPatienceMs: number;
  /** The same for a request that the HA manager carries out later. */
  readonly haPatienceMs: number;
  /** How long the world may be unreadable before the outcome is unknown. */
  readonly verifyGiveUpMs: number;

  /** A server that has not been heard of for this long loses its jobs to another. */
  readonly leaseMs: number;
  readonly heartbeatEveryMs: number;
  readonly takeOverEveryMs: number;
  /** How often changes made by other servers are read. */
  readonly feedEveryMs: number;

  readonly followEveryMs: number;
  readonly followLeaseMs: number;
  /** Pause between looks at a node that does not answer. */
  readonly unreachableEveryMs: number;
  /** How long Proxmox may not know a task it has just named. */
  readonly noSuchTaskGraceMs: number;
  /** Requests per second and node for looking at tasks, beside the list. */
  readonly statusPerSecond: number;
  /** Jobs per server whose logs are read for progress. */
  readonly progressJobs: number;

  /** How long a key of a caller is kept at least; how long a doubtful end answers repeated calls. */
  readonly idempotencyMs: number;
  /** How long finished jobs are kept. */
  readonly retentionMs: number;
  /** How long `close` waits for answers that are under way. */
  readonly closeWithinMs: number;
}

const SECOND = 1000;
const HOUR = 3600 * SECOND;

const DEFAULT_SETTINGS: JobsSettings = Object.freeze({
  answerWithinMs: 10 * SECOND,
  planFreshMs: 5 * SECOND,
  sendWithinMs: 5 * SECOND,
  answerTimeoutMs: 120 * SECOND,
  backoffMs: SECOND,
  maxSends: 3,
  maxSteps: 6,
  quietMs: 150 * SECOND,
  observeEveryMs: 15 * SECOND,
  observationsNeeded: 3,
  evidenceMs: 6 * HOUR,
  quarantineMs: 24 * HOUR,
  verifyEveryMs: 3 * SECOND,
  verifyPatienceMs: 15 * SECOND,
  haPatienceMs: 120 * SECOND,
  verifyGiveUpMs: 900 * SECOND,
  leaseMs: 10 * SECOND,
  heartbeatEveryMs: 3 * SECOND,
  takeOverEveryMs: 2 * SECOND,
  feedEveryMs: 500,
  followEveryMs: 2 * SECOND,
  followLeaseMs: 15 * SECOND,
  unreachableEveryMs: 10 * SECOND,
  noSuchTaskGraceMs: 30 * SECOND,
  statusPerSecond: 1.25,
  progressJobs: 8,
  idempotencyMs: 24 * HOUR,
  retentionMs: 30 * 24 * HOUR,
  closeWithinMs: 3 * SECOND,
});

const SHORTEST_QUIET_MS = 90 * SECOND;

/** Fills in defaults. @throws RangeError when the quiet time is under 90 s, which is shorter than Proxmox's own timeouts */
export function jobsSettings(given: Partial<JobsSettings> = {}): JobsSettings {
  const settings = { ...DEFAULT_SETTINGS, ...given };
  if (!(settings.quietMs >= SHORTEST_QUIET_MS))
    throw new RangeError(`quietMs must be at least ${SHORTEST_QUIET_MS}, got ${settings.quietMs}`);
  return settings;
}
