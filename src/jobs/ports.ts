import type { OperationError } from '../domain/operation-error.ts';
import type { Facts, Plan, SendPlan } from '../domain/plan.ts';
import type { ExpectedTask } from '../domain/mutation.ts';
import type { Upid } from '../domain/upid.ts';
import type { Job } from './job.ts';

/** What the answer to a write proves. Whatever is not clearly one of the others is `in_doubt`. */
export type Answer =
  /** Nothing was written to the wire: it may be sent again. */
  | { readonly kind: 'not_sent'; readonly error: OperationError }
  /** Proxmox refused. `mayResend`: before any work began, and the very same request may be sent again. */
  | { readonly kind: 'refused'; readonly error: OperationError; readonly mayResend: boolean }
  /** A worker runs. */
  | { readonly kind: 'task'; readonly upid: Upid }
  /** A synchronous write is done. */
  | { readonly kind: 'done'; readonly result: Facts }
  | { readonly kind: 'in_doubt'; readonly error: OperationError };

export interface SendOptions {
  /** Monotonic milliseconds: when this moment has passed before the first byte, nothing may be written (`not_sent`). */
  readonly sendBefore: number;
  /** Stores facts while the write is under way, e.g. the pid of a command. */
  record(facts: Facts): Promise<void>;
}

/** The input a job plans from. Secrets live in memory only; a job taken over from another process has none. */
export interface PlannedJob {
  readonly job: Job;
  readonly input: Facts;
}

/** What the jobs room needs of the operations. Implemented at the composition root. */
export interface Work {
  /** Reads the cluster and says what to write next. @throws OperationError when the operation is impossible now */
  plan(planned: PlannedJob, signal: AbortSignal): Promise<Plan>;
  /** Called after the job is durable and before SENDING. A throw means: do not send (P8). */
  beforeSend(job: Job, plan: SendPlan): Promise<void>;
  send(planned: PlannedJob, plan: SendPlan, options: SendOptions): Promise<Answer>;
  /**
   * Looks at the world: is what the whole job wants there, not only its present step? `unclear` when it cannot be told, as for
   * a reset. Throws when the world cannot be read.
   */
  verify(planned: PlannedJob, signal: AbortSignal): Promise<'achieved' | 'absent' | 'unclear'>;
  /** Called once when a job has become final. Must not throw. */
  ended(job: Job): Promise<void>;
}

export interface TaskStatus {
  readonly running: boolean;
  /** Only when stopped: `OK`, `WARNINGS: n`, `unexpected status`, or an error message. Null when Proxmox omits it. */
  readonly exitStatus: string | null;
}

export interface TaskEntry {
  readonly upid: Upid;
  readonly running: boolean;
}

interface TaskLogLines {
  /** Lines from `start` on, in order. */
  readonly lines: readonly string[];
  /** Number of lines in the log now. */
  readonly total: number;
}

/**
 * What the jobs room needs of Proxmox's task API. Reads only, but for `stop`. All throw OperationError: `proxmox_unreachable` or
 * `timeout` when the node does not answer.
 */
export interface Tasks {
  /** Token that our requests are sent with, as the UPIDs of their tasks name it: `root@pam!mcp`. */
  readonly tokenId: string;
  /** What tells this cluster from all others; null when it does not say. */
  clusterId(): Promise<string | null>;
  /** @throws code `not_found` when Proxmox knows no such task */
  status(upid: Upid): Promise<TaskStatus>;
  log(upid: Upid, start: number, limit: number): Promise<TaskLogLines>;
  /**
   * Tasks of this type and id on the node that the given token started, running and finished, newest first. Tasks of other
   * users and tokens must not be among them: a job in doubt may take such a task for its own.
   */
  ofType(node: string, task: ExpectedTask, tokenId: string): Promise<readonly TaskEntry[]>;
  /** Every running task on a node that we may see, whoever started it, in one request. */
  active(node: string): Promise<readonly TaskEntry[]>;
  /** UPIDs of the given token that `/cluster/log` names, newest first; the ring is short. */
  clusterLog(tokenId: string): Promise<readonly Upid[]>;
  /** `DELETE /nodes/{node}/tasks/{upid}`: a request; the end state comes from the exit status. */
  stop(upid: Upid): Promise<void>;
}
