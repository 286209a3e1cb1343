import type { Clock } from '../domain/clock.ts';
import { OperationError, toOperationError } from '../domain/operation-error.ts';
import type { Facts, SendPlan } from '../domain/plan.ts';
import type { Upid } from '../domain/upid.ts';
import type { Board } from './board.ts';
import { failpoint } from './failpoint.ts';
import { isFinal } from './job.ts';
import type { JobError } from './job.ts';
import type { JobRecord, RecordPatch } from './job-record.ts';
import type { HeldTarget, JobStore, TaskKey } from './job-store.ts';
import type { OwnCluster } from './own-cluster.ts';
import type { PlannedJob, Tasks, Work } from './ports.ts';
import type { Randomness } from './randomness.ts';
import { without } from './safeguards.ts';
import type { JobsSettings } from './settings.ts';
import { nextState } from './transitions.ts';
import type { TransitionEvent } from './transitions.ts';

/** What every part of the jobs room works with. One per process. */
export interface Engine {
  readonly store: JobStore;
  readonly work: Work;
  readonly tasks: Tasks;
  readonly clock: Clock;
  readonly random: Randomness;
  readonly settings: JobsSettings;
  readonly board: Board;
  /** False for a server that is read-only: it follows and settles jobs, and sends nothing. */
  readonly sends: boolean;
  /** Random name of this process, new with every start. */
  readonly processId: string;
  /** Whether the jobs in the store are of the cluster that we speak to. */
  readonly ownCluster: OwnCluster;
  /** Aborts when the server stops. */
  readonly stopping: AbortSignal;
  /** Whole inputs, secrets included, of jobs that this process accepted. */
  readonly inputs: Map<string, Facts>;
  /** Plans made moments ago, for the first send of a job. */
  readonly plans: Map<string, { readonly plan: SendPlan; readonly madeAt: number }>;
  /** Runs a read of the cluster, a few at a time per node. */
  look<T>(node: string, work: () => Promise<T>): Promise<T>;
  /** Counts work that the store must outlive. */
  during<T>(work: Promise<T>): Promise<T>;
  /** Reports a fault that has no caller to go to. */
  report(fault: unknown, about: string): void;
}

/** For a plan that is not to be sent as it is: a job that waits for a person is planned anew before anything is sent. */
export const LONG_AGO = Number.NEGATIVE_INFINITY;

export interface Change {
  readonly patch?: RecordPatch;
  readonly details?: Facts;
  readonly claims?: readonly string[];
  readonly link?: Upid;
  readonly lost?: TaskKey;
}

/** Why a change did not happen. */
export type Refusal = { readonly kind: 'lost' } | HeldTarget | { readonly kind: 'linked_elsewhere'; readonly jobId: string };
export type Moved = { readonly kind: 'moved'; readonly record: JobRecord };

/** Now, ISO 8601. */
export function timestamp(engine: Engine): string {
  return engine.clock.now().toISOString();
}

/** The moment that is so long ago, ISO 8601. */
export function timestampAgo(engine: Engine, milliseconds: number): string {
  return new Date(engine.clock.now().getTime() - milliseconds).toISOString();
}

/** Drops what only this process knows of a job: its whole input and a fresh plan. */
export function forgetInput(engine: Engine, jobId: string): void {
  engine.inputs.delete(jobId);
  engine.plans.delete(jobId);
}

/**
 * Moves a job, if it is still as this process believes. Tells everybody who listens, and `work.ended` when it is over.
 * @throws OperationError when the store fails: then it is unknown whether the job moved
 */
export async function attemptMove(
  engine: Engine,
  record: JobRecord,
  event: TransitionEvent,
  change: Change = {},
): Promise<Moved | Refusal> {
  const to = nextState(record.state, event);
  if (to === undefined) throw new TypeError(`${event} cannot happen to a job that is ${record.state}`);
  const at = timestamp(engine);
  const fencing = !without?.('fencing');
  if (failpoint) await failpoint(`engine.${event}.before`);
  const outcome = await engine.store.transition({
    jobId: record.jobId,
    epoch: fencing ? record.epoch : null,
    from: fencing ? record.state : null,
    event,
    to,
    // Grows with every move: a process that slept through a whole round of states must not fit in again.
    patch: { ...change.patch, epoch: record.epoch + 1, ...(isFinal(to) ? { completedAt: at } : {}) },
    details: change.details ?? {},
    timestamp: at,
    ...(change.claims ? { claims: change.claims } : {}),
    ...(change.link === undefined ? {} : { link: change.link }),
    ...(change.lost ? { lost: change.lost } : {}),
  });
  if (failpoint) await failpoint(`engine.${event}.after`);
  if (outcome.kind !== 'moved') return outcome;
  engine.board.publish(outcome.record);
  if (isFinal(to) && !isFinal(record.state)) {
    forgetInput(engine, record.jobId);
    void engine.during(engine.work.ended(outcome.record)).catch((fault: unknown) => {
      engine.report(fault, 'work.ended');
    });
  }
  return outcome;
}

/** As `attemptMove`, however long the store fails: what is known must be recorded. Undefined when the job is no longer ours. */
export async function move(engine: Engine, record: JobRecord, event: TransitionEvent, change: Change = {}): Promise<JobRecord | undefined> {
  const outcome = await persistently(engine, () => attemptMove(engine, record, event, change));
  return outcome?.kind === 'moved' ? outcome.record : undefined;
}

/**
 * Tries until the store takes it or the server stops. Where a change was made and only its answer was lost, the next try finds
 * another epoch in the job, and changes nothing.
 */
export async function persistently<T>(engine: Engine, write: () => Promise<T>): Promise<T | undefined> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await write();
    } catch (fault) {
      if (!(fault instanceof OperationError)) throw fault;
      if (failures === 0) engine.report(fault, 'job store');
      if (engine.stopping.aborted) return undefined;
      await engine.clock.sleep(backoff(engine, Math.min(failures, 5)), engine.stopping);
    }
  }
}

/** Changes fields without moving the job; undefined when it is no longer ours. */
export async function annotate(
  engine: Engine,
  record: JobRecord,
  patch: RecordPatch,
  event?: { name: string; details: Facts },
): Promise<JobRecord | undefined> {
  const { jobId, epoch } = record;
  const changed = await engine.store.annotate({ jobId, epoch, patch, timestamp: timestamp(engine), ...(event ? { event } : {}) });
  if (changed) engine.board.publish(changed);
  return changed;
}

/** The job as it is now, if it is still in the same state under the same owner. */
export function unmoved(engine: Engine, record: JobRecord): JobRecord | undefined {
  const latest = engine.board.get(record.jobId);
  if (!latest || latest.seq <= record.seq) return record;
  return latest.epoch === record.epoch && latest.state === record.state ? latest : undefined;
}

/** Pause before the n-th repetition (from 0), with jitter. */
export function backoff(engine: Engine, repetition: number): number {
  return engine.settings.backoffMs * 2 ** repetition * (0.5 + engine.random.next());
}

/** The job with its whole input, as far as this process knows it. */
export function plannedJob(engine: Engine, record: JobRecord): PlannedJob {
  return { job: record, input: engine.inputs.get(record.jobId) ?? record.input };
}

/** The fields of a job that tell of an error. */
export function errorFields(thrown: unknown): { lastError: string; error: JobError } {
  const { code, message, hint, details } = toOperationError(thrown);
  return { lastError: message, error: { code, message, hint: hint ?? null, details } };
}
