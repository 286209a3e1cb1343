import { digestOf } from '../domain/canonical-json.ts';
import type { Facts } from '../domain/plan.ts';

/** What the audit log keeps an account of. */
export type AuditEvent =
  | 'decision'
  | 'approval'
  | 'intent'
  | 'outcome'
  | 'cancel'
  | 'retry'
  | 'resolution'
  | 'key_change'
  | 'opened'
  | 'continued';

/** One line of the account: who wanted what, what was decided, what became of it. Secrets are never in it. */
export interface AuditEntry {
  readonly event: AuditEvent;
  readonly principal?: string;
  readonly surface?: string;
  readonly request_id?: string | null;
  readonly job_id?: string | null;
  readonly operation?: string;
  readonly facts?: Facts;
}

/** An entry in its place in the chain: each record holds the hash of the one before it. */
export interface AuditRecord extends AuditEntry {
  /** Counts from 1 within one chain. */
  readonly seq: number;
  /** ISO 8601, UTC. For people; the order is that of `seq`. */
  readonly at: string;
  /** Hash of the record before; 64 zeros for the first of a chain. */
  readonly prev: string;
  /** SHA-256, hex, of this record without this field. */
  readonly hash: string;
}

export const CHAIN_START = '0'.repeat(64);

/** Puts an entry behind the last one. */
export function chain(entry: AuditEntry, after: { readonly seq: number; readonly hash: string }, at: string): AuditRecord {
  const unsigned = { ...entry, seq: after.seq + 1, at, prev: after.hash };
  return { ...unsigned, hash: hashOf(unsigned) };
}

/** SHA-256 of a record without its own hash. Independent of the order in which fields stand. */
export function hashOf(record: Readonly<Record<string, unknown>> | Omit<AuditRecord, 'hash'>): string {
  const { hash: _own, ...rest } = record as Readonly<Record<string, unknown>>;
  return digestOf(rest);
}
