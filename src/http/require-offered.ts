import { OperationError } from '../domain/operation-error.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import type { HttpContext } from './request-context.ts';

/**
 * A route that shows what an operation shows is open to whom policy can let use that operation.
 * @throws OperationError `denied`
 */
export function requireOffered(context: HttpContext, dispatcher: Pick<Dispatcher, 'offeredTo'>, name: string): void {
  if (dispatcher.offeredTo(context.get('principal')).some(({ operation }) => operation.name === name)) return;
  throw new OperationError('denied', `The policy does not let this caller use ${name}, which this route stands for.`, {
    hint: 'Ask the operator what the policy is meant to allow.',
    details: { policy: 'OP_POLICY_DENIED', operation: name },
  });
}
