import type { Facts, SendPlan } from '../domain/plan.ts';
import type { Principal } from '../domain/principal.ts';
import type { RepeatClass } from '../domain/repeat-class.ts';
import type { Job, JobCounts, JobEvent, JobStatus } from './job.ts';

/** A write that policy let pass. The plan was made moments ago and names the targets. */
export interface NewJob {
  /** Chosen by the caller where the plan already bears it as a marker; else made here. */
  readonly jobId?: string;
  /** The input as the caller gave it, before ids were settled: equal calls are recognised by it. Default: `input`. */
  readonly asked?: Facts;
  readonly operation: string;
  readonly repeat: RepeatClass;
  readonly summary: string;
  readonly principal: Principal;
  readonly requestId: string | null;
  /** Whole input, secrets included; they stay in memory. */
  readonly input: Facts;
  /** Names of top-level input fields that hold secrets. */
  readonly secretFields: readonly string[];
  readonly metadata: Facts;
  readonly plan: SendPlan;
  /** The caller's own key; without one a key is derived from principal, operation and input. */
  readonly idempotencyKey: string | null;
  /** Set when a person must say yes first: the job waits in `awaiting_approval`. */
  readonly approval: { readonly expiresAt: string; readonly request: Facts } | null;
}

/** What tells a call from all others: calls that are equal in it are one job. */
export type CallIdentity = Pick<NewJob, 'operation' | 'principal' | 'input' | 'asked' | 'secretFields' | 'idempotencyKey'>;

export interface Accepted {
  readonly job: Job;
  /** True when an earlier call with the same key (given or derived) answered this job. */
  readonly replayed: boolean;
}

export interface JobFilter {
  readonly status?: JobStatus;
  readonly operation?: string;
  /** 1 to 500. */
  readonly limit: number;
  /** Opaque, from the previous page. */
  readonly cursor?: string;
}

interface JobPage {
  readonly jobs: readonly Job[];
  readonly nextCursor: string | null;
}

export interface RetryOptions {
  readonly plan: SendPlan;
  /** Gives again what was not stored. */
  readonly secrets?: Facts;
  /** Set when a person must say yes to this attempt too. */
  readonly approval?: NewJob['approval'];
}

export interface ApprovalAnswer {
  readonly approve: boolean;
  readonly reason: string | null;
}

/** What a person found out about a doubtful job, and how. */
export interface Resolution {
  readonly outcome: 'succeeded' | 'failed';
  readonly reason: string;
}

/** Facts for health and metrics; those of the store are as of the last seconds. */
export interface JobsStatus {
  readonly counts: JobCounts;
  readonly followerLagMs: number;
  readonly writable: boolean;
}

/** The face of the jobs room. Everything here works from any process that shares the store. */
export interface Jobs {
  /**
   * Records the job, claims its targets and starts it.
   * Answers once the first answer of Proxmox is recorded (a UPID, a refusal, doubt) or `answerWithinMs` has passed.
   * @throws OperationError `conflict` when a target is held (details: code `target_held`, job_id), `invalid_input` when the key
   * was used with another body (details.code `idempotency_key_reused`), `internal` when the job cannot be recorded
   */
  accept(request: NewJob): Promise<Accepted>;
  /** Looks up the job an earlier call with this key made, without changing anything. */
  replay(request: CallIdentity): Promise<Job | undefined>;
  get(jobId: string): Promise<Job | undefined>;
  events(jobId: string): Promise<readonly JobEvent[]>;
  list(filter: JobFilter): Promise<JobPage>;
  /** Asks Proxmox now instead of waiting for the follower. */
  refresh(jobId: string): Promise<Job>;
  /** Resolves when the job is final, waits for approval, or the time has passed; `onChange` sees each change in between. */
  wait(jobId: string, options: { seconds: number; signal?: AbortSignal; onChange?: (job: Job) => void }): Promise<Job>;
  cancel(jobId: string, by: Principal): Promise<Job>;
  /**
   * Another attempt of a job that ended without success.
   * @throws OperationError `conflict` when it is not over or has succeeded, `denied` when only a person may
   */
  retry(jobId: string, by: Principal, options: RetryOptions): Promise<Job>;
  /** A person's answer to a job that asks. */
  decide(jobId: string, by: Principal, answer: ApprovalAnswer): Promise<Job>;
  /** A person settles an `unknown` or `not_observed` job, or a running one whose task is out of reach. */
  resolve(jobId: string, by: Principal, resolution: Resolution): Promise<Job>;
  /** Called with every change of any job that this process sees; returns the way to stop. */
  subscribe(listener: (job: Job) => void): () => void;
  /** @throws OperationError when the store cannot be read */
  status(): Promise<JobsStatus>;
  /** Stops following and hands open jobs to whoever shares the store. */
  close(): Promise<void>;
}
