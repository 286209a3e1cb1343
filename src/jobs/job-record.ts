import type { Upid } from '../domain/upid.ts';
import type { Job } from './job.ts';

/** A job as the store keeps it: the public record and what the protocol needs beside it. */
export interface JobRecord extends Job {
  /** Place of the last change in the store's one order of changes. */
  readonly seq: number;
  /** Process that drives the job; null for jobs nobody has taken yet. */
  readonly owner: string | null;
  /** UPIDs of this type and id that existed before the send. */
  readonly baseline: readonly Upid[];
  /** When the last send was allowed; ISO 8601. */
  readonly sentAt: string | null;
  /** Hash of principal, operation and input, for calls without a key of their own. */
  readonly impliedKey: string | null;
  /** When a person settled an unknown outcome; ISO 8601. */
  readonly resolvedAt: string | null;
}

/** Fields a change may set. Identity and place in the order of changes belong to the store. */
export type RecordPatch = Partial<Omit<JobRecord, 'jobId' | 'seq' | 'state'>>;
