import type { Tool } from '@modelcontextprotocol/server';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import { hintsOf } from './annotations.ts';
import { modelSchema } from './model-schema.ts';

/** The tools of these operations, as `tools/list` answers them. Computed once: the list never varies per connection. */
export function listTools(operations: readonly RegisteredOperation[]): readonly Tool[] {
  return operations.map(({ operation, inputSchema, outputSchema }) => ({
    name: operation.name,
    title: operation.title,
    description: operation.description,
    inputSchema: modelSchema(inputSchema) as Tool['inputSchema'],
    outputSchema: outputSchema as NonNullable<Tool['outputSchema']>,
    annotations: hintsOf(operation),
  }));
}
