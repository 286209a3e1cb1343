import type { Tool } from '@modelcontextprotocol/server';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import { COMPAT_NAMES } from '../operations/compat-names.ts';
import { hintsOf } from './annotations.ts';
import { modelSchema } from './model-schema.ts';

const PLACES = new Map<string, number>(COMPAT_NAMES.map((name, place) => [name, place]));

/**
 * The tools of these operations, as `tools/list` answers them: those of the predecessor in its order, then the others.
 * Computed once: the list never varies per connection.
 */
export function listTools(operations: readonly RegisteredOperation[]): readonly Tool[] {
  const place = ({ operation }: RegisteredOperation): number => PLACES.get(operation.name) ?? PLACES.size;
  const ordered = operations.toSorted((a, b) => place(a) - place(b));
  return ordered.map(({ operation, inputSchema, outputSchema }) => ({
    name: operation.name,
    title: operation.title,
    description: operation.description,
    inputSchema: modelSchema(inputSchema) as Tool['inputSchema'],
    outputSchema: outputSchema as NonNullable<Tool['outputSchema']>,
    annotations: hintsOf(operation),
  }));
}
