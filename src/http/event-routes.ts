import type { Clock } from '../domain/clock.ts';
import type { Facts } from '../domain/plan.ts';
import { createTally } from '../domain/tally.ts';
import type { Call } from '../dispatch/call.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import { isFinal } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { viewJobCompact } from '../jobs/view.ts';
import type { EventFeed } from './event-feed.ts';
import { eventStream, type EventStreamOptions, type ServerEvent } from './event-stream.ts';
import { jobProblem } from './job-problem.ts';
import { Refusal } from './refusal.ts';
import type { HttpContext, HttpLog } from './request-context.ts';
import type { RouteTable } from './route-table.ts';

export interface EventRoutesOptions {
  readonly dispatcher: Dispatcher;
  readonly jobs: Jobs;
  readonly feed: EventFeed;
  readonly clock: Clock;
  readonly log: HttpLog;
  /** Ends all streams. */
  readonly closing: AbortSignal;
  readonly heartbeatMs?: number;
}

const HEARTBEAT_MS = 15_000;
const LIFETIME_MS = 3_600_000;
const MAX_STREAMS = 200;
const MAX_STREAMS_PER_PRINCIPAL = 20;

/** Changes as they happen: `GET /events` for all jobs, `GET /jobs/{job_id}/events` for one with its history. */
export function addEventRoutes(routes: RouteTable, options: EventRoutesOptions): void {
  const { dispatcher, jobs, feed, clock, log, closing, heartbeatMs = HEARTBEAT_MS } = options;
  const open = createTally();

  /** A stream is let in as the read that it repeats. */
  const asRead = (context: HttpContext, operation: string, args: Facts): Call => ({
    operation,
    arguments: args,
    principal: context.get('principal'),
    requestId: context.get('requestId'),
  });

  /** Counts a stream of the caller until it ends. @throws Refusal 429 */
  function stream(context: HttpContext, source: Pick<EventStreamOptions, 'next' | 'listen'>): Response {
    const { id, expiresAt } = context.get('identity');
    // Nobody would read the body of this answer, and so nobody would end it.
    if (context.req.method === 'HEAD') return new Response(null, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
    if (open.total() >= MAX_STREAMS || open.of(id) >= MAX_STREAMS_PER_PRINCIPAL)
      throw new Refusal(429, { status: 'rate_limited', message: 'Too many open event streams' }, { 'retry-after': '10' });
    open.add(id);
    const untilExpiry = expiresAt === null ? LIFETIME_MS : expiresAt.getTime() - clock.now().getTime();
    return eventStream({
      ...source,
      clock,
      heartbeatMs,
      lifetimeMs: Math.min(LIFETIME_MS, untilExpiry),
      signal: closing,
      onFault: (error) =>
        log.error({ err: error, request_id: context.get('requestId'), route: context.get('route') }, 'event stream cut off'),
      onEnd: () => open.remove(id),
    });
  }

  routes.get('/events', async (context) => {
    await dispatcher.admitRead(asRead(context, 'list_jobs', {}));
    const resumed = context.req.header('last-event-id');
    let position = resumed ?? feed.position();
    let isFirst = true;
    return stream(context, {
      listen: (wake) => feed.listen(wake),
      async next() {
        const events: ServerEvent[] = [];
        const page = feed.after(position);
        if (page.gap) events.push({ event: 'reset', id: page.position, data: { reason: 'Changes were missed. Read GET /jobs again.' } });
        else if (isFirst && resumed === undefined) events.push({ event: 'hello', id: page.position, data: {} });
        isFirst = false;
        dispatcher.showed(
          context.get('principal'),
          page.entries.map(({ job }) => job),
        );
        events.push(...page.entries.map(({ id, job }) => ({ event: 'job', id, data: job })));
        ({ position } = page);
        return { events, done: false };
      },
    });
  });

  routes.get('/jobs/{job_id}/events', async (context) => {
    const jobId = context.req.param('job_id') ?? '';
    const resumed = /^\d{1,9}$/.exec(context.req.header('last-event-id') ?? '')?.[0];
    try {
      // Called in full, so that it is noted who reads what a guest printed.
      await dispatcher.call(asRead(context, 'get_job', { job_id: jobId }));
      const job = await jobs.get(jobId);
      // 204 is how a browser learns not to come back.
      if (job && isFinal(job.state) && resumed !== undefined && (await jobs.events(jobId)).length <= Number(resumed))
        return new Response(null, { status: 204 });
    } catch (thrown) {
      return jobProblem(thrown, context.get('requestId'));
    }
    let told = Number(resumed ?? 0);
    let shown = '';
    return stream(context, {
      listen: (wake) => feed.listen((entry) => entry.job.job_id === jobId && wake()),
      async next() {
        const job = await jobs.get(jobId);
        if (!job) return { events: [], done: true };
        const history = await jobs.events(jobId);
        const events: ServerEvent[] = history
          .slice(told)
          .map((entry, index) => ({ event: 'history', id: String(told + index + 1), data: entry }));
        told = Math.max(told, history.length);
        const view = viewJobCompact(job);
        const text = JSON.stringify(view);
        if (text !== shown) events.push({ event: 'job', data: view });
        shown = text;
        const done = isFinal(job.state);
        if (done) events.push({ event: 'end', data: { status: view.status } });
        return { events, done };
      },
    });
  });
}
