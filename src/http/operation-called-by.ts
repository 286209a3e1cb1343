import { recordIn } from '../domain/record.ts';

/** The operation that a message of MCP calls, by a tool of its name or through `call_operation`; empty for any other message. */
export function operationCalledBy(message: unknown): string {
  const { method, params } = recordIn(message);
  const { name, arguments: given } = recordIn(params);
  const operation = name === 'call_operation' ? recordIn(given)['operation'] : name;
  return method === 'tools/call' && typeof operation === 'string' ? operation : '';
}
