import { randomUUID } from 'node:crypto';
import { localPrincipal } from '../../src/domain/principal.ts';
import type { Dispatcher } from '../../src/dispatch/dispatcher.ts';
import type { CallOperation } from './walk.ts';

const UNDER_WAY = new Set(['running', 'retrying', 'cancel_requested']);
const MAX_SLICES = 40;

/** Calls as the command line does, and waits for the end of a job for up to half an hour. */
export function callAndWait(dispatcher: Dispatcher): CallOperation {
  const call = async (operation: string, input: Readonly<Record<string, unknown>>) => {
    const registered = dispatcher.operations.find((candidate) => candidate.operation.name === operation);
    const waits = Object.hasOwn(registered?.inputSchema['properties'] ?? {}, 'wait_seconds');
    const { output } = await dispatcher.call({
      operation,
      arguments: { ...input, ...(waits ? { wait_seconds: 45 } : {}) },
      principal: localPrincipal('cli'),
      requestId: randomUUID(),
    });
    return output;
  };
  return async (operation, input) => {
    let output = await call(operation, input);
    for (let slice = 0; slice < MAX_SLICES && UNDER_WAY.has(String(output['status'])); slice += 1) {
      if (typeof output['job_id'] !== 'string') break;
      output = await call('poll_job', { job_id: output['job_id'] });
    }
    return output;
  };
}
