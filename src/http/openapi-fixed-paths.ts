import { z } from 'zod';
import type { JsonSchema } from '../dispatch/registered-operation.ts';
import { JOB_STATUSES } from '../jobs/job.ts';
import { jobView } from '../jobs/view.ts';
import type { Components } from './openapi-components.ts';
import { errorResponses } from './openapi-errors.ts';
import { exampleOf } from './openapi-example.ts';
import { probePaths } from './openapi-probe-paths.ts';

const ALWAYS = [401, 403, 421, 429];
const OF_JOBS = [...ALWAYS, 404, 422, 500, 502, 503, 504];
const STEERING = [...OF_JOBS, 409, 413];

const JOB_ID = {
  name: 'job_id',
  in: 'path',
  required: true,
  description: 'Id of the job.',
  schema: { type: 'string' },
  example: '6f1c2d0e-6b0a-4a52-9a51-3f0c6b7a1d20',
};
const LAST_EVENT_ID = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'Goes on after this event.',
  schema: { type: 'string' },
};
const PREFER = {
  name: 'Prefer',
  in: 'header',
  required: false,
  description: '`wait=N`: wait N seconds (at most 50) for the end.',
  schema: { type: 'string' },
};
const query = (name: string, description: string, schema: JsonSchema) => ({ name, in: 'query', required: false, description, schema });

/** Every route that is no operation: jobs, events, probes. */
export function fixedPaths(components: Components): Record<string, unknown> {
  const jobSchema = z.toJSONSchema(jobView, { io: 'output' }) as JsonSchema;
  const job = components.add('Job', jobSchema);
  const jobContent = { 'application/json': { schema: job, example: exampleOf(jobSchema, { required: true }) } };
  const located = { Location: { schema: { type: 'string' }, description: 'The job.' } };
  const steer = (action: string, summary: string, status: 200 | 202, more: Record<string, unknown> = {}) => ({
    post: {
      operationId: `${action}_job_jobs__job_id__${action}_post`,
      tags: ['jobs'],
      summary,
      ...more,
      parameters: [JOB_ID, ...((more['parameters'] ?? []) as readonly unknown[])],
      responses: {
        [status]: { description: 'The job as it is now.', ...(status === 202 ? { headers: located } : {}), content: jobContent },
        ...errorResponses(components, STEERING, true),
      },
    },
  });
  const stream = (
    operationId: string,
    summary: string,
    parameters: readonly unknown[],
    statuses: readonly number[],
    more: Record<string, unknown> = {},
  ) => ({
    get: {
      operationId,
      tags: ['events'],
      summary,
      parameters,
      responses: {
        200: {
          description: 'Server-sent events until the caller hangs up.',
          content: { 'text/event-stream': { schema: { type: 'string' } } },
        },
        ...more,
        ...errorResponses(components, statuses, true),
      },
    },
  });
  return {
    '/jobs': {
      get: {
        operationId: 'list_jobs_jobs_get',
        tags: ['jobs'],
        summary: 'List jobs, newest first',
        description: 'A bare array. A `Link` header with `rel="next"` leads to older ones.',
        parameters: [
          query('status', 'Only jobs of this status.', { type: 'string', enum: ['', ...JOB_STATUSES] }),
          query('tool_name', 'Only jobs of this operation.', { type: 'string' }),
          query('limit', 'Jobs per page; brought into 1 to 500.', { type: 'integer', default: 100 }),
          query('cursor', 'From the `Link` of the page before.', { type: 'string' }),
        ],
        responses: {
          200: {
            description: 'The jobs.',
            headers: { Link: { schema: { type: 'string' }, description: 'The next page.' } },
            content: { 'application/json': { schema: { type: 'array', items: job } } },
          },
          ...errorResponses(components, OF_JOBS, true),
        },
      },
    },
    '/jobs/{job_id}': {
      get: {
        operationId: 'get_job_jobs__job_id__get',
        tags: ['jobs'],
        summary: 'Show a job',
        parameters: [JOB_ID, query('refresh', 'Ask Proxmox VE first.', { type: 'boolean', default: false })],
        responses: { 200: { description: 'The job.', content: jobContent }, ...errorResponses(components, [...OF_JOBS, 409], true) },
      },
    },
    '/jobs/{job_id}/poll': steer('poll', 'Ask Proxmox VE how a job stands', 200, { parameters: [PREFER] }),
    '/jobs/{job_id}/cancel': steer('cancel', 'Ask Proxmox VE to stop the task of a job', 202),
    '/jobs/{job_id}/retry': steer('retry', 'Run a job that ended without success once more', 202, {
      requestBody: { required: false, content: { 'application/json': { schema: RETRY, example: {} } } },
    }),
    '/jobs/{job_id}/decision': steer('decision', 'Approve or refuse a job that asks', 202, {
      description: 'Needs the scope `approve`.',
      requestBody: {
        required: true,
        content: { 'application/json': { schema: DECISION, example: { approve: true, reason: 'Agreed with the owner.' } } },
      },
    }),
    '/jobs/{job_id}/events': stream('job_events', 'History and changes of a job', [JOB_ID, LAST_EVENT_ID], [...ALWAYS, 404, 500, 503], {
      204: { description: 'The job is over and everything has been told.' },
    }),
    '/events': stream('events', 'Changes of all jobs', [LAST_EVENT_ID], [...ALWAYS, 500]),
    ...probePaths(components),
  };
}

const RETRY = {
  type: 'object',
  properties: {
    secrets: { type: 'object', additionalProperties: { type: 'string' }, description: 'Secret arguments, which are never stored.' },
  },
};
const DECISION = {
  type: 'object',
  properties: {
    approve: { type: 'boolean', description: 'The answer.' },
    reason: { type: ['string', 'null'], maxLength: 500, description: 'Why.' },
    hash: { type: 'string', description: 'Of the request that was looked at, as the job shows it.' },
  },
  required: ['approve'],
};
