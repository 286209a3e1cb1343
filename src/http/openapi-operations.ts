import type { Scope } from '../domain/principal.ts';
import { takesWait, type RegisteredOperation } from '../dispatch/registered-operation.ts';
import type { Components } from './openapi-components.ts';
import { errorResponses } from './openapi-errors.ts';
import { exampleOf } from './openapi-example.ts';

const EVERY_CALL = [401, 403, 404, 409, 413, 421, 422, 429, 500, 502, 503, 504];

const REQUEST_ID = { 'X-Request-Id': { schema: { type: 'string' }, description: 'Names this request in the log of the server.' } };
const ACCEPTED_HEADERS = {
  ...REQUEST_ID,
  Location: { schema: { type: 'string' }, description: 'The job.' },
  'Retry-After': { schema: { type: 'integer' }, description: 'Seconds after which to look again.' },
  'Idempotency-Replayed': { schema: { type: 'string', const: 'true' }, description: 'An earlier, equal call made this job.' },
};

const WAIT = {
  name: 'Prefer',
  in: 'header',
  required: false,
  description: '`wait=N`: answer when the job has ended or N seconds (at most 50) have passed.',
  schema: { type: 'string' },
  example: 'wait=30',
};
const KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same body is the same job, for at least 24 hours; with another body it is an error.',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
  example: '3f0c6b7a-1d20-4a52-9a51-6f1c2d0e6b0a',
};

/** `POST /<operation>` of one operation. */
export function operationPath(registered: RegisteredOperation, scope: Scope, components: Components): Record<string, unknown> {
  const { operation, toolset, inputSchema, outputSchema } = registered;
  const { name, title, description, kind, risk } = operation;
  const isWrite = risk !== 'read';
  const hasRequired = ((inputSchema['required'] ?? []) as readonly string[]).length > 0;
  const answer = components.add(kind === 'task' ? 'JobAnswer' : `${pascal(name)}Output`, outputSchema);
  const content = { 'application/json': { schema: answer, example: exampleOf(outputSchema, { required: true }) } };
  const parameters = [...(takesWait(registered) ? [WAIT] : []), ...(kind === 'task' ? [KEY] : [])];
  return {
    post: {
      operationId: `tool_${name}_post`,
      tags: [toolset],
      summary: title,
      description: `${description}\n\nRisk: ${risk}. Needs the scope \`${scope}\`.`,
      ...(parameters.length === 0 ? {} : { parameters }),
      requestBody: {
        required: hasRequired,
        content: {
          'application/json': {
            schema: components.add(`${pascal(name)}Input`, inputSchema),
            example: exampleOf(inputSchema, { required: true }),
          },
        },
      },
      responses: {
        200: {
          description: isWrite ? 'Done, or nothing had to be done. A job that failed is told here too.' : 'The answer.',
          headers: REQUEST_ID,
          content,
        },
        ...(isWrite ? { 202: { description: 'The job runs, or waits for an approval.', headers: ACCEPTED_HEADERS, content } } : {}),
        ...errorResponses(components, EVERY_CALL),
      },
    },
  };
}

/** `start_vm` -> `StartVm`. */
function pascal(name: string): string {
  return name.replace(/(?:^|_)(\w)/g, (_match, letter: string) => letter.toUpperCase());
}
