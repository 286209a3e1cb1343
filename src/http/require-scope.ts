import { OperationError } from '../domain/operation-error.ts';
import { hasScope, type Scope } from '../domain/principal.ts';
import type { HttpContext } from './request-context.ts';

/** @throws OperationError `denied` when the caller's credential does not reach so far */
export function requireScope(context: HttpContext, needed: Scope): void {
  const identity = context.get('identity');
  if (hasScope(identity, needed)) return;
  throw new OperationError('denied', `This needs the scope ${needed}, which the caller does not have.`, {
    hint:
      identity.scopes.length === 0
        ? 'Use a credential that has it.'
        : `Use a credential that has it; this one has ${identity.scopes.join(', ')}.`,
    details: { needed_scope: needed },
  });
}
