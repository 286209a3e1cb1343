import type { CallResult } from '../dispatch/call.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { Facts } from '../domain/plan.ts';
import type { Caller } from './caller.ts';
import { progressReporter } from './progress.ts';

/** Runs one operation for a caller, through the one dispatcher. @throws OperationError */
export type AskOperation = (caller: Caller, operation: string, args: unknown) => Promise<CallResult>;

/** The way of every request of this surface to the operations. The client's cancellation ends the waiting, never a job. */
export function createAskOperation(dispatcher: Dispatcher, canAskPersons: boolean): AskOperation {
  return ({ principal, requestId, request, abilities }, operation, args) => {
    const onProgress = progressReporter(request);
    return dispatcher.call({
      operation,
      arguments: args,
      principal,
      requestId,
      canAskCaller: canAskPersons && abilities.form,
      signal: request.signal,
      ...(onProgress ? { onProgress } : {}),
    });
  };
}

/** The output of an operation that only reads. */
export async function readFacts(ask: AskOperation, caller: Caller, operation: string, args: Facts = {}): Promise<Facts> {
  return (await ask(caller, operation, args)).output;
}
