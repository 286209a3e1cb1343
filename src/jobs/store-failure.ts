import { OperationError } from '../domain/operation-error.ts';
import { asError } from '../domain/thrown.ts';

function reason(cause: unknown): string {
  const text = asError(cause).message;
  if (/database or disk is full|ENOSPC|could not extend file/i.test(text)) return 'the disk is full';
  if (/readonly|read-only/i.test(text)) return 'it is read-only';
  if (/moved, deleted or replaced/.test(text)) return 'its file was moved, deleted or replaced; start the server again';
  if (/database is locked|SQLITE_BUSY/i.test(text)) return 'another process holds it locked';
  if (/ECONNREFUSED|ENOTFOUND|terminat|timeout|ECONNRESET/i.test(text)) return 'the database does not answer';
  return 'the database answered with an error';
}

/**
 * What a failing job database means for a caller: code `internal`, with details.code `job_store_unavailable`. Nothing is
 * sent to Proxmox for a job that could not be recorded.
 * @param committing true when the answer to the commit was lost, so that the change may have been made
 */
export function storeFailure(cause: unknown, committing = false): OperationError {
  if (cause instanceof OperationError) return cause;
  return new OperationError('internal', `The job database cannot be used: ${reason(cause)}.`, {
    hint: 'Nothing is written to Proxmox while jobs cannot be recorded. Free space, fix permissions or restore the database, then repeat the call.',
    effect: committing ? 'unknown' : 'none',
    details: { code: 'job_store_unavailable' },
    cause,
  });
}
