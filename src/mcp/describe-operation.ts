import type { Facts } from '../domain/plan.ts';
import { tellRisk } from '../operations/risk-of-call.ts';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';

/** Everything about one operation that a caller may want to know, with the schema as it is enforced. */
export function describeOperation({ operation, toolset, inputSchema }: RegisteredOperation): Facts {
  return {
    operation: operation.name,
    title: operation.title,
    toolset,
    risk: tellRisk(operation),
    answers: operation.kind === 'task' ? 'a job' : 'its result',
    description: operation.description,
    input_schema: inputSchema,
  };
}
