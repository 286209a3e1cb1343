import { z } from 'zod';
import { isCompatName } from '../operations/compat-names.ts';
import type { Operation } from '../operations/define.ts';
import { jobAnswer } from '../operations/job-answer.ts';

export type JsonSchema = Readonly<Record<string, unknown>>;

/** An operation as the surfaces know it: with the arguments that every write has, and its schemas as JSON. */
export interface RegisteredOperation {
  readonly operation: Operation;
  readonly toolset: string;
  readonly input: z.ZodObject;
  readonly output: z.ZodObject;
  readonly inputSchema: JsonSchema;
  readonly outputSchema: JsonSchema;
  /** Arguments that it does not know are ignored and named, as by the predecessor; otherwise refused. */
  readonly ignoresUnknown: boolean;
}

/** Arguments of every operation that answers a job. Some clients cut a call off at 60 s, so waiting ends before. */
const WRITE_ARGUMENTS = z.object({
  wait_seconds: z.int().min(0).max(50).default(0).describe('Wait this long for the job to end.'),
  dry_run: z.boolean().default(false).describe('Only tell what would be sent.'),
});
const IGNORED = z.object({ ignored_arguments: z.array(z.string()).optional() });
export type WriteArguments = z.output<typeof WRITE_ARGUMENTS>;

export function registerOperation(operation: Operation, toolset: string): RegisteredOperation {
  const input = operation.kind === 'task' ? operation.input.extend(WRITE_ARGUMENTS.shape) : operation.input;
  const answer = operation.kind === 'task' ? jobAnswer : operation.output;
  const ignoresUnknown = isCompatName(operation.name);
  const output = ignoresUnknown ? answer.extend(IGNORED.shape) : answer;
  return {
    operation,
    toolset,
    input,
    output,
    inputSchema: jsonSchemaOf(input, 'input'),
    outputSchema: jsonSchemaOf(output, 'output'),
    ignoresUnknown,
  };
}

function jsonSchemaOf(schema: z.ZodObject, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io });
  return io === 'input' ? { ...json, additionalProperties: false } : json;
}
