import type { ErrorCode } from '../domain/operation-error.ts';
import type { FailureClass } from './api-error.ts';

/** One text of Proxmox VE and what it means. */
export interface MessageRow {
  readonly pattern: RegExp;
  readonly failure: FailureClass;
  readonly code: ErrorCode;
  /** Our sentence; groups are the named groups of the pattern. */
  message(groups: Readonly<Record<string, string>>): string;
  readonly hint?: string;
}
