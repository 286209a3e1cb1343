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
  /** True when the static approval token of the predecessor is one of its arguments. */
  readonly takesApprovalToken: boolean;
  /** Arguments that it does not know are ignored and named, as by the predecessor; otherwise refused. */
  readonly ignoresUnknown: boolean;
}

/** Arguments of every operation that answers a job. Some clients cut a call off at 60 s, so waiting ends before. */
const WRITE_ARGUMENTS = z.object({
  wait_seconds: z.int().min(0).max(50).default(0).describe('Wait this long for the job to end.'),
  dry_run: z.boolean().default(false).describe('Only tell what would be sent.'),
});
/** For what a person may be asked: the caller's own words, shown to whoever decides. */
const REASON = z.object({ reason: z.string().max(300).optional().describe('Why, for whoever approves.') });
const APPROVAL_TOKEN = z.object({ approval_token: z.string().max(512).optional().describe('Only if told by the user.') });
const IGNORED = z.object({ ignored_arguments: z.array(z.string()).optional() });
export type WriteArguments = z.output<typeof WRITE_ARGUMENTS> & z.output<typeof REASON>;

/** `hasTokens` says whether a static approval token is configured: only then operations have the argument. */
export function registerOperation(operation: Operation, toolset: string, hasTokens = false): RegisteredOperation {
  const takesApprovalToken = hasTokens && operation.takesToken === true;
  const input = argumentsOf(operation, takesApprovalToken);
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
    takesApprovalToken,
    ignoresUnknown,
  };
}

/** The fields that the schema of an object has. */
export function fieldsOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;
}

/** Whether a call of the operation can wait for the end of a job. */
export function takesWait({ inputSchema }: RegisteredOperation): boolean {
  return Object.hasOwn(fieldsOf(inputSchema), 'wait_seconds');
}

/** A whole catalogue as the surfaces know it, in its order. */
export function registerCatalog(
  catalog: Readonly<Record<string, readonly Operation[]>>,
  hasTokens = false,
): readonly RegisteredOperation[] {
  return Object.entries(catalog).flatMap(([toolset, members]) =>
    members.map((operation) => registerOperation(operation, toolset, hasTokens)),
  );
}

function argumentsOf(operation: Operation, takesApprovalToken: boolean): z.ZodObject {
  const { input, kind, risk } = operation;
  return input.extend({
    ...(kind === 'task' ? WRITE_ARGUMENTS.shape : {}),
    ...(kind === 'task' && (risk === 'destroy' || risk === 'execute') ? REASON.shape : {}),
    ...(takesApprovalToken ? APPROVAL_TOKEN.shape : {}),
  });
}

function jsonSchemaOf(schema: z.ZodObject, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...json } = z.toJSONSchema(schema, { io });
  return io === 'input' ? { ...json, additionalProperties: false } : json;
}
