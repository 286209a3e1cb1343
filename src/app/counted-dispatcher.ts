import { toOperationError } from '../domain/operation-error.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { CallRecord } from '../http/metrics.ts';

/** The dispatcher for callers from the network: counts every call of an operation that exists. */
export function countedDispatcher(dispatcher: Dispatcher, onCall: (record: CallRecord) => void): Dispatcher {
  const names = new Set(dispatcher.operations.map(({ operation }) => operation.name));
  return {
    ...dispatcher,
    async call(call) {
      if (!names.has(call.operation)) return dispatcher.call(call);
      const startedAt = performance.now();
      const tell = (outcome: string): void =>
        onCall({ operation: call.operation, surface: call.principal.surface, outcome, durationMs: performance.now() - startedAt });
      try {
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
