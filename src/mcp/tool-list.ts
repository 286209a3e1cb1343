import type { Tool } from '@modelcontextprotocol/server';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import { hintsOf } from './annotations.ts';

/** The tools of these operations, as `tools/list` answers them. Computed once: the list never varies per connection. */
export function listTools(operations: readonly RegisteredOperation[]): readonly Tool[] {
  return operations.map(({ operation, inputSchema, outputSchema }) => ({
    name: operation.name,
    title: operation.title,
    description: operation.description,
    inputSchema: inputSchema as Tool['inputSchema'],
    outputSchema: outputSchema as NonNullable<Tool['outputSchema']>,
    annotations: hintsOf(operation),
  }));
}
