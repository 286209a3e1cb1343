import { OperationError, toOperationError } from '../domain/operation-error.ts';
import { SCOPES, type Principal, type Scope } from '../domain/principal.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import type { CallRecord } from '../http/metrics.ts';
import { refuseScope } from '../policy/invariants.ts';

/** What a caller's credential must reach to for an operation. Settling a doubtful job is a person's word, as an approval is. */
export function scopeOf({ operation: { name, risk }, toolset }: RegisteredOperation): Scope {
  if (name === 'resolve_job') return 'approve';
  return SCOPES.find((scope) => refuseScope({ name, risk, toolset }, [scope]) === undefined) ?? 'admin';
}

/** @throws OperationError `denied` */
export function checkScope(registered: RegisteredOperation, { scopes }: Principal): void {
  const needed = scopeOf(registered);
  if (scopes.includes(needed) || scopes.includes('admin')) return;
  throw new OperationError('denied', `${registered.operation.name} needs the scope ${needed}, which the caller does not have.`, {
    hint: 'Use a credential that has it.',
    details: { policy: 'OP_POLICY_SCOPE', needed_scope: needed },
  });
}

/** The dispatcher for callers from the network: turns away, before anything is read, who lacks the scope; counts every call. */
export function guardDispatcher(dispatcher: Dispatcher, onCall: (record: CallRecord) => void): Dispatcher {
  const byName = new Map(dispatcher.operations.map((registered) => [registered.operation.name, registered]));
  return {
    ...dispatcher,
    async call(call) {
      const registered = byName.get(call.operation);
      if (!registered) return dispatcher.call(call);
      const startedAt = performance.now();
      const tell = (outcome: string): void =>
        onCall({ operation: call.operation, surface: call.principal.surface, outcome, durationMs: performance.now() - startedAt });
      try {
        checkScope(registered, call.principal);
        const result = await dispatcher.call(call);
        tell('ok');
        return result;
      } catch (thrown) {
        tell(toOperationError(thrown).code);
        throw thrown;
      }
    },
  };
}
