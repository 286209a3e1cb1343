import type { Readable, Writable } from 'node:stream';
import type { OperationError } from '../domain/operation-error.ts';

/** How a command ended, as far as it was told. */
export type ProcessEnd =
  | { readonly kind: 'exit'; readonly code: number }
  | { readonly kind: 'signal'; readonly signal: string }
  /** The client knows that the request never went out. */
  | { readonly kind: 'never-sent'; readonly error: OperationError; readonly letIn: boolean }
  /** The connection ended and no end of the command was reported. */
  | { readonly kind: 'lost'; readonly error: Error };

/** A command under way on a node, whichever client carries it. */
export interface RemoteProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Resolves when the end is reported, or known to be unknowable; output may still arrive after it. Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /** Resolves when nothing more can arrive. Never rejects. */
  readonly closed: Promise<void>;
  /**
   * Lets go of the channel: the guard on the far side sees stdin end and ends the command. (sshd passes no signals on for root, nor to
   * what sudo started.)
   */
  abandon(): void;
}
