import type { ErrorCode } from '../domain/operation-error.ts';

/** What one look of the doctor came to. */
export interface Finding {
  /** `dns`, `tcp`, `tls`, `token`, `privileges:vms`, … */
  readonly check: string;
  readonly status: 'ok' | 'warning' | 'failed' | 'skipped';
  /** One sentence: what is so, with which value. */
  readonly message: string;
  /** What to do about it. */
  readonly advice?: string | undefined;
  /** For a failure: which class of error it is, and so the exit code. */
  readonly code?: ErrorCode;
  readonly details?: Readonly<Record<string, unknown>>;
}

export const ok = (check: string, message: string, details?: Finding['details']): Finding => ({
  check,
  status: 'ok',
  message,
  ...(details ? { details } : {}),
});
export const skipped = (check: string, message: string): Finding => ({ check, status: 'skipped', message });
export const warning = (check: string, message: string, advice?: string, details?: Finding['details']): Finding => ({
  check,
  status: 'warning',
  message,
  advice,
  ...(details ? { details } : {}),
});
export const failed = (check: string, code: ErrorCode, message: string, advice?: string, details?: Finding['details']): Finding => ({
  check,
  status: 'failed',
  code,
  message,
  advice,
  ...(details ? { details } : {}),
});
