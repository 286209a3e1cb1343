import { toOperationError } from '../domain/operation-error.ts';
import type { Call } from '../dispatch/call.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { CallRecord } from '../http/metrics.ts';

/** The dispatcher for callers from the network: counts every call of an operation that exists. */
export function countedDispatcher(dispatcher: Dispatcher, onCall: (record: CallRecord) => void): Dispatcher {
  const names = new Set(dispatcher.operations.map(({ operation }) => operation.name));

  async function counted<T>({ operation, principal }: Call, work: () => Promise<T>): Promise<T> {
    if (!names.has(operation)) return work();
    const startedAt = performance.now();
    const tell = (outcome: string): void =>
      onCall({ operation, surface: principal.surface, outcome, durationMs: performance.now() - startedAt });
    try {
      const result = await work();
      tell('ok');
      return result;
    } catch (thrown) {
      tell(toOperationError(thrown).code);
      throw thrown;
    }
  }

  return {
    ...dispatcher,
    call: (call) => counted(call, () => dispatcher.call(call)),
    admitRead: (call) => counted(call, () => dispatcher.admitRead(call)),
  };
}
