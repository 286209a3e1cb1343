import type { Tool } from '@modelcontextprotocol/server';

const READ = { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false } as const;
const operation = { type: 'string', description: 'Name.' } as const;
const anything = { type: 'object', additionalProperties: true } as const;

/** The tools of tool search itself, in the order in which they are listed. */
export const SEARCH_TOOLS: readonly Tool[] = [
  {
    name: 'overview',
    title: 'Overview',
    description: 'How the cluster stands, and the names of all operations. Begin here.',
    inputSchema: { type: 'object', properties: {} },
    outputSchema: {
      type: 'object',
      properties: {
        cluster: { type: ['object', 'null'], additionalProperties: true },
        toolsets: {
          type: 'array',
          items: {
            type: 'object',
            properties: { toolset: { type: 'string' }, operations: { type: 'array', items: { type: 'string' } } },
            required: ['toolset', 'operations'],
          },
        },
      },
      required: ['cluster', 'toolsets'],
    },
    annotations: READ,
  },
  {
    name: 'search_operations',
    title: 'Search operations',
    description: 'Find operations by what is to be done, best first.',
    inputSchema: {
      type: 'object',
      properties: {
        wish: { type: 'string', description: 'E.g. snapshot of a VM.' },
        limit: { type: 'integer', minimum: 1, maximum: 20, default: 5 },
      },
      required: ['wish'],
    },
    outputSchema: {
      type: 'object',
      properties: {
        operations: {
          type: 'array',
          items: {
            type: 'object',
            properties: { operation: { type: 'string' }, risk: { type: 'string' }, description: { type: 'string' } },
            required: ['operation', 'risk', 'description'],
          },
        },
      },
      required: ['operations'],
    },
    annotations: READ,
  },
  {
    name: 'describe_operation',
    title: 'Describe operation',
    description: 'The arguments of an operation and its risk. Read it before the first call.',
    inputSchema: { type: 'object', properties: { operation }, required: ['operation'] },
    outputSchema: {
      type: 'object',
      properties: { operation: { type: 'string' }, risk: { type: 'string' }, description: { type: 'string' }, input_schema: anything },
      required: ['operation', 'risk', 'description', 'input_schema'],
    },
    annotations: READ,
  },
  {
    name: 'call_operation',
    title: 'Call operation',
    description: 'Run an operation with its arguments, e.g. start_vm with {"vmid": 101}.',
    inputSchema: {
      type: 'object',
      properties: { operation, arguments: { type: 'object' } },
      required: ['operation'],
    },
    outputSchema: {
      type: 'object',
      properties: { operation: { type: 'string' }, output: anything },
      required: ['operation', 'output'],
    },
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
  },
];
