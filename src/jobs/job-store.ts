import type { Facts } from '../domain/plan.ts';
import type { Upid } from '../domain/upid.ts';
import type { JobCounts, JobEvent, JobState } from './job.ts';
import type { JobRecord, RecordPatch } from './job-record.ts';
import type { JobFilter } from './jobs.ts';
import type { TransitionEvent } from './transitions.ts';

/** A key as the store compares it: one per principal, with a digest of what was asked under it. */
interface IdempotencyKey {
  readonly principalId: string;
  readonly key: string;
  readonly bodyHash: string;
}

/** How an earlier job is found for a call: by the caller's key, or by what the call says. */
export interface ReplayQuery {
  readonly given: IdempotencyKey | null;
  readonly implied: string | null;
  /** A doubtful end older than this moment (ISO 8601) no longer answers repeated calls. */
  readonly heldSince: string;
}

export type ReplayOutcome =
  | { readonly kind: 'none' }
  | { readonly kind: 'replayed'; readonly record: JobRecord }
  | { readonly kind: 'key_reused'; readonly jobId: string };

export interface HeldTarget {
  readonly kind: 'held';
  readonly target: string;
  /** The job that holds it. */
  readonly jobId: string;
}

export type AcceptOutcome =
  | { readonly kind: 'created'; readonly record: JobRecord }
  | Exclude<ReplayOutcome, { kind: 'none' }>
  | HeldTarget;

export interface NewRecord {
  readonly record: JobRecord;
  readonly details: Facts;
  readonly replay: ReplayQuery;
  /** Targets to hold from now on; empty while the job waits for approval. */
  readonly claims: readonly string[];
  /** Milliseconds the accepting process is known to live from now. */
  readonly leaseMs: number;
}

export interface Transition {
  readonly jobId: string;
  /** Compared before anything is written; null compares nothing (tests only). */
  readonly epoch: number | null;
  readonly from: JobState | null;
  readonly event: TransitionEvent;
  readonly to: JobState;
  readonly patch: RecordPatch;
  readonly details: Facts;
  readonly timestamp: string;
  /** Targets to hold from now on, beside those already held. */
  readonly claims?: readonly string[];
  /** A task that belongs to this job from now on. */
  readonly link?: Upid;
  /** A task that the request given up now may yet start. */
  readonly lost?: TaskKey;
}

export type TransitionOutcome =
  | { readonly kind: 'moved'; readonly record: JobRecord }
  /** Somebody else changed the job: stop touching it. */
  | { readonly kind: 'lost' }
  | HeldTarget
  | { readonly kind: 'linked_elsewhere'; readonly jobId: string };

export interface Annotation {
  readonly jobId: string;
  /** Null for changes any process may make, such as a wish to cancel. */
  readonly epoch: number | null;
  readonly patch: RecordPatch;
  readonly timestamp: string;
  /** Also written to the history when given. */
  readonly event?: { readonly name: string; readonly details: Facts };
}

/** The task an in-doubt write would have started. */
export interface TaskKey {
  readonly node: string;
  readonly id: string;
  readonly types: readonly string[];
}

export interface ChangePage {
  readonly records: readonly JobRecord[];
  readonly cursor: ChangeCursor;
}

export interface ChangeCursor {
  readonly seq: number;
  readonly jobId: string;
}

export interface RecordPage {
  readonly records: readonly JobRecord[];
  readonly nextCursor: string | null;
}

/** Which jobs `list` shows, in terms of stored fields. */
export interface RecordFilter extends Pick<JobFilter, 'operation' | 'limit' | 'cursor'> {
  readonly states?: readonly JobState[];
  readonly cancelRequested?: boolean;
}

/**
 * The durable memory of the jobs room. Each method is one transaction; methods of several processes interleave in one order.
 * Every method may reject with an OperationError `internal` when the database cannot be read or written.
 */
export interface JobStore {
  accept(request: NewRecord): Promise<AcceptOutcome>;
  findReplay(query: ReplayQuery): Promise<ReplayOutcome>;
  transition(transition: Transition): Promise<TransitionOutcome>;
  /** Changes fields of a job that is not final; undefined when it is final or the epoch is another. */
  annotate(annotation: Annotation): Promise<JobRecord | undefined>;
  /** Adds a line to the history of a job, final or not, without changing the job. */
  note(jobId: string, event: JobEvent): Promise<void>;
  load(jobId: string): Promise<JobRecord | undefined>;
  events(jobId: string): Promise<readonly JobEvent[]>;
  list(filter: RecordFilter): Promise<RecordPage>;
  open(): Promise<readonly JobRecord[]>;
  /** Jobs changed after the cursor, in order of change. */
  changesSince(cursor: ChangeCursor, limit: number): Promise<ChangePage>;
  latestSeq(): Promise<number>;
  /** Which of these tasks belong to a job other than the given one. */
  linkedElsewhere(upids: readonly Upid[], jobId: string): Promise<ReadonlySet<Upid>>;
  /**
   * Jobs that may yet start such a task: others whose request is in the air, and any, this one included, that gave a request
   * up after the given moment (ISO 8601) and that nobody has resolved.
   */
  unresolved(task: TaskKey, jobId: string, since: string): Promise<readonly string[]>;
  /** Extends the life of a process; jobs of a process without one are taken over. */
  heartbeat(processId: string, leaseMs: number): Promise<void>;
  /**
   * Gives this process the open jobs of processes that no longer live, at most `limit`. A SENDING among them becomes
   * `sendingBecomes`. A process that does not send leaves those alone that such a process has left already. Answers how many.
   */
  takeOver(request: {
    processId: string;
    leaseMs: number;
    sends: boolean;
    sendingBecomes: 'in_doubt' | 'ready';
    limit: number;
    timestamp: string;
  }): Promise<number>;
  /** True when the named lease is now ours. */
  lease(name: string, processId: string, leaseMs: number): Promise<boolean>;
  /** Ends the life of a process and its leases at once. */
  release(processId: string): Promise<void>;
  /** Sets the phase of all running jobs of a node that have another one. */
  setNodePhase(node: string, phase: string | null, timestamp: string): Promise<void>;
  /** Deletes finished jobs completed before the given moment, and keys older than theirs. Answers how many jobs. */
  prune(request: { completedBefore: string; keysBefore: string }): Promise<number>;
  /** Notes the cluster whose jobs these are when none is noted yet. Answers the one that is noted. */
  bindToCluster(clusterId: string): Promise<string>;
  counts(): Promise<JobCounts>;
  /** Rejects when nothing can be written. */
  probe(): Promise<void>;
  close(): Promise<void>;
}
