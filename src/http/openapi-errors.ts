import { ERROR_CLASSES } from '../domain/operation-error.ts';
import type { JsonSchema } from '../dispatch/registered-operation.ts';
import type { Components } from './openapi-components.ts';

const text = (description: string): JsonSchema => ({ type: 'string', description });

const FACTS: Readonly<Record<string, JsonSchema>> = {
  code: { type: 'string', enum: Object.keys(ERROR_CLASSES), description: 'What kind of failure it is.' },
  hint: { type: ['string', 'null'], description: 'What to do next.' },
  effect: { type: 'string', enum: ['none', 'applied', 'unknown'], description: 'Whether anything was changed in the cluster.' },
  request_id: text('Under which the log of the server tells more.'),
  details: { type: 'object', additionalProperties: true, description: 'Facts for programs.' },
};

const object = (properties: Readonly<Record<string, JsonSchema>>): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});

const SCHEMAS = {
  Refused: object({ detail: text('Why the request is turned away.') }),
  RateLimited: {
    type: 'object',
    properties: {
      status: { type: 'string', const: 'rate_limited' },
      message: text('What happened.'),
      limit_per_minute: { type: 'integer' },
    },
    required: ['status', 'message'],
  },
  Problem: object({
    type: text('Names the kind of problem.'),
    title: text('The kind of problem in words.'),
    status: { type: 'integer', description: 'The HTTP status.' },
    detail: text('What is wrong with which value.'),
    ...FACTS,
  }),
  ValidationProblem: object({
    detail: {
      type: 'array',
      items: object({
        type: text('What kind of mistake.'),
        loc: { type: 'array', items: { type: ['string', 'integer'] }, description: 'Where it is.' },
        msg: text('What is expected.'),
        input: { description: 'What was given.' },
      }),
    },
    message: text('All mistakes in one sentence.'),
    ...FACTS,
  }),
  JobProblem: object({
    status: text('The kind of problem.'),
    message: text('The problem.'),
    detail: text('What is wrong with which value.'),
    ...FACTS,
  }),
} as const satisfies Readonly<Record<string, JsonSchema>>;

type Shape = keyof typeof SCHEMAS;

const DESCRIPTIONS: Readonly<Record<number, string>> = {
  400: 'The request is not HTTP that can be understood.',
  401: 'No credential, or one that cannot be read or has expired.',
  403: 'A wrong key, a missing scope, a policy that says no, or a privilege that the Proxmox API token lacks.',
  404: 'There is no such thing in the cluster, or no such job.',
  409: 'Not possible now, e.g. another job is at work on the guest.',
  413: 'The body is too large.',
  421: 'The Host header names no host that is served here.',
  422: 'The input is not valid. Nothing was sent.',
  429: 'Too many requests.',
  500: 'The server failed.',
  502: 'Proxmox VE refused or failed.',
  503: 'Proxmox VE cannot be reached, jobs cannot be recorded, or the server is stopping.',
  504: 'Proxmox VE did not answer in time.',
};

const RETRY_AFTER = { 'Retry-After': { schema: { type: 'integer' }, description: 'Seconds to wait.' } };
const challenge = (description: string): JsonSchema => ({ 'WWW-Authenticate': { schema: { type: 'string' }, description } });

const HEADERS: Readonly<Record<number, JsonSchema>> = {
  401: challenge('`Bearer`, with `error="invalid_token"` and why where a token was refused, and where to find the authorization server.'),
  403: challenge('`Bearer error="insufficient_scope", scope="…"` for the holder of a token that lacks a scope; absent otherwise.'),
  429: RETRY_AFTER,
  503: RETRY_AFTER,
};

/** Which shapes an error status has, on routes of operations and on routes of jobs. */
const SHAPES: Readonly<Record<number, readonly Shape[]>> = {
  401: ['Refused'],
  403: ['Refused', 'Problem'],
  404: ['Problem'],
  409: ['Problem'],
  413: ['Refused'],
  421: ['Refused'],
  422: ['ValidationProblem'],
  429: ['RateLimited', 'Problem'],
  500: ['Problem'],
  502: ['Problem'],
  503: ['Refused', 'Problem'],
  504: ['Problem'],
};

/** The error answers of a route, by status. */
export function errorResponses(components: Components, statuses: readonly number[], ofJobs = false): Record<string, unknown> {
  return Object.fromEntries(
    statuses.map((status) => {
      const shapes: readonly Shape[] =
        ofJobs && [403, 404, 409, 503].includes(status) ? ['JobProblem', ...(SHAPES[status] ?? [])] : (SHAPES[status] ?? ['Refused']);
      const plain = shapes.filter((shape) => shape !== 'Problem').map((shape) => components.add(shape, SCHEMAS[shape]));
      const [only] = plain;
      const content = {
        ...(only === undefined ? {} : { 'application/json': { schema: plain.length === 1 ? only : { anyOf: plain } } }),
        ...(shapes.includes('Problem') ? { 'application/problem+json': { schema: components.add('Problem', SCHEMAS.Problem) } } : {}),
      };
      const headers = HEADERS[status];
      const response = { description: DESCRIPTIONS[status] ?? 'Error', ...(headers ? { headers } : {}), content };
      const name = shapes.includes('JobProblem') ? `JobError${status}` : `Error${status}`;
      return [String(status), components.addResponse(name, response)];
    }),
  );
}
