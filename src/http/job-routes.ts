import { OperationError } from '../domain/operation-error.ts';
import { isRecord } from '../domain/record.ts';
import type { ApprovalDecision, Approvals } from '../dispatch/approvals.ts';
import type { CallResult } from '../dispatch/call.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import { JOB_STATUSES, type JobStatus } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { viewJob, viewJobCompact, type JobView } from '../jobs/view.ts';
import { preferredWait } from './call-options.ts';
import { jobProblem } from './job-problem.ts';
import { readBody } from './read-body.ts';
import type { HttpContext } from './request-context.ts';
import { requireScope } from './require-scope.ts';
import type { RouteHandler, RouteTable } from './route-table.ts';

export interface JobRoutesOptions {
  readonly jobs: Jobs;
  readonly dispatcher: Dispatcher;
  /** Takes a person's answer to a job that asks. */
  readonly decide: Approvals['decide'];
  readonly publicPath: string;
  /** Aborted when the server stops: calls that wait answer with the job as it is. */
  readonly closing: AbortSignal;
}

const MAX_LIMIT = 500;
const DEFAULT_LIMIT = 100;

/** Jobs as resources, with the routes, statuses and bodies of the predecessor. */
export function addJobRoutes(routes: RouteTable, options: JobRoutesOptions): void {
  const { jobs, dispatcher, decide, publicPath, closing } = options;
  const call = (context: HttpContext, operation: string, args: unknown): Promise<CallResult> =>
    dispatcher.call({
      operation,
      arguments: args,
      principal: context.get('principal'),
      requestId: context.get('requestId'),
      signal: AbortSignal.any([context.req.raw.signal, closing]),
    });

  async function show(jobId: string): Promise<JobView> {
    const job = await jobs.get(jobId);
    if (!job) throw new OperationError('not_found', `There is no job ${JSON.stringify(jobId.slice(0, 80))}.`, { hint: 'See GET /jobs.' });
    return viewJob(job, await jobs.events(jobId));
  }

  /** Steers a job by the operation of that name, so that policy and audit see what they see everywhere, and shows the job. */
  const steer =
    (operation: string, status: number, argumentsOf: (context: HttpContext) => unknown): RouteHandler =>
    async (context) => {
      if (context.req.query('approval_token') !== undefined) throw tokenInQuery();
      const jobId = context.req.param('job_id') ?? '';
      const args = (await argumentsOf(context)) ?? {};
      await call(context, operation, isRecord(args) ? { ...args, job_id: jobId } : args);
      const view = await show(jobId);
      return Response.json(view, { status, ...(status === 202 ? { headers: { location: `${publicPath}/jobs/${jobId}` } } : {}) });
    };

  routes.get(
    '/jobs',
    asJobRoute(async (context) => {
      const status = statusIn(context);
      const cursor = context.req.query('cursor');
      const operation = context.req.query('tool_name');
      // Whether the caller may list jobs is said where it is said of everybody; what is listed has the predecessor's shape.
      await dispatcher.admitRead({
        operation: 'list_jobs',
        arguments: {},
        principal: context.get('principal'),
        requestId: context.get('requestId'),
      });
      const page = await jobs.list({
        limit: limitIn(context),
        ...(status === undefined ? {} : { status }),
        ...(operation === undefined ? {} : { operation }),
        ...(cursor === undefined ? {} : { cursor }),
      });
      // What commands printed is left to the jobs themselves: a page of it would be megabytes.
      const views = await Promise.all(
        page.jobs.map(async (job) => ({ ...viewJob(job, await jobs.events(job.jobId)), result: viewJobCompact(job).result })),
      );
      dispatcher.showed(context.get('principal'), views);
      const next = new URLSearchParams(new URL(context.req.url).search);
      if (page.nextCursor !== null) next.set('cursor', page.nextCursor);
      return Response.json(
        views,
        page.nextCursor === null ? {} : { headers: { link: `<${publicPath}/jobs?${next.toString()}>; rel="next"` } },
      );
    }),
  );
  routes.get(
    '/jobs/{job_id}',
    asJobRoute(async (context) => {
      const { output } = await call(context, 'get_job', {
        job_id: context.req.param('job_id') ?? '',
        refresh: isTrue(context.req.query('refresh')),
      });
      return Response.json(output);
    }),
  );
  routes.post('/jobs/{job_id}/poll', asJobRoute(steer('poll_job', 200, (context) => ({ wait_seconds: preferredWait(context) ?? 0 }))));
  routes.post('/jobs/{job_id}/cancel', asJobRoute(steer('cancel_job', 202, () => ({}))));
  routes.post('/jobs/{job_id}/retry', asJobRoute(steer('retry_job', 202, (context) => readBody(context.req.raw))));
  routes.post(
    '/jobs/{job_id}/decision',
    asJobRoute(async (context) => {
      requireScope(context, 'approve');
      const jobId = context.req.param('job_id') ?? '';
      await show(jobId);
      await decide(jobId, context.get('principal'), decisionIn(await readBody(context.req.raw)));
      return Response.json(await show(jobId), { status: 202, headers: { location: `${publicPath}/jobs/${jobId}` } });
    }),
  );
}

function asJobRoute(handler: RouteHandler): RouteHandler {
  return async (context) => {
    try {
      return await handler(context);
    } catch (thrown) {
      return jobProblem(thrown, context.get('requestId'));
    }
  };
}

/** Out of bounds is brought into bounds, as by the predecessor; only what is no number is refused. */
function limitIn(context: HttpContext): number {
  const text = context.req.query('limit');
  if (text === undefined) return DEFAULT_LIMIT;
  if (!/^\s*[+-]?\d{1,15}\s*$/.test(text)) {
    throw new OperationError('invalid_input', 'Input should be a valid integer, unable to parse string as an integer', {
      details: { in: 'query', field: 'limit', type: 'int_parsing', input: text.slice(0, 80) },
    });
  }
  return Math.min(MAX_LIMIT, Math.max(1, Number(text)));
}

function statusIn(context: HttpContext): JobStatus | undefined {
  const text = context.req.query('status');
  if (text === undefined || text === '') return undefined;
  const status = JOB_STATUSES.find((known) => known === text);
  if (status) return status;
  throw new OperationError('invalid_input', `Input should be one of ${JOB_STATUSES.join(', ')}`, {
    details: { in: 'query', field: 'status', type: 'enum', input: text.slice(0, 80) },
  });
}

function isTrue(text: string | undefined): boolean {
  return text !== undefined && /^(?:true|1|yes|on)$/i.test(text);
}

function decisionIn(body: unknown): ApprovalDecision {
  if (body !== undefined && !isRecord(body)) throw new OperationError('invalid_input', 'The body must be a JSON object.');
  const { approve, reason = null, hash } = body ?? {};
  const wrong = (field: string, message: string): OperationError => new OperationError('invalid_input', message, { details: { field } });
  if (typeof approve !== 'boolean') throw wrong('approve', 'Say approve: true or false.');
  if (reason !== null && (typeof reason !== 'string' || reason.length > 500))
    throw wrong('reason', 'The reason is text of at most 500 characters.');
  if (hash !== undefined && typeof hash !== 'string') throw wrong('hash', 'The hash is the one that the job shows.');
  return { approve, reason, ...(hash === undefined ? {} : { hash }) };
}

function tokenInQuery(): OperationError {
  return new OperationError('invalid_input', 'An approval token is not accepted in the query, because queries are logged on their way.', {
    hint: 'Send it in the body: {"approval_token": "…"}.',
    details: { in: 'query', field: 'approval_token' },
  });
}
