import { afterAll, beforeAll, expect, test } from 'vitest';
import { createEventFeed } from '../../src/http/event-feed.ts';
import type { Job } from '../../src/jobs/job.ts';
import { readEvents, type ReceivedEvent } from './read-events.ts';
import { startService, type Service } from './service.ts';

let service: Service;
beforeAll(async () => {
  service = await startService({ listen: true });
});
afterAll(() => service.close());

async function backup(vmid: number, wait = 0): Promise<string> {
  const response = await service.post('/create_backup', { vmid, storage: 'nfs-backup' }, wait > 0 ? { prefer: `wait=${wait}` } : {});
  return ((await response.json()) as { job_id: string }).job_id;
}
const endOf =
  (jobId: string) =>
  (events: readonly ReceivedEvent[]): boolean =>
    events.some(({ event, data }) => event === 'job' && data['job_id'] === jobId && data['status'] === 'completed');

test('all jobs are told as they change, without polling', async () => {
  const stream = await service.ask('/events');
  expect(stream.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
  const reading = readEvents(stream, (events) => events.some(({ data }) => data['status'] === 'completed'));
  const jobId = await backup(100);
  const events = await reading;
  expect(events[0]?.event).toBe('hello');
  const own = events.filter(({ data }) => data['job_id'] === jobId).map(({ data }) => data['status']);
  expect(own.at(-1)).toBe('completed');
  expect(new Set(events.map(({ id }) => id)).size).toBe(events.length);
});

test('a reader that was away goes on where it stopped, and misses nothing', async () => {
  const first = await service.ask('/events');
  const hello = await readEvents(first, (events) => events.length > 0);
  const jobId = await backup(101, 30);
  const resumed = await readEvents(await service.ask('/events', { headers: { 'last-event-id': hello[0]?.id ?? '' } }), endOf(jobId));
  expect(resumed.map(({ event }) => event)).not.toContain('reset');
  const whole = resumed.filter(({ data }) => data['job_id'] === jobId);
  const middle = whole[1]?.id ?? '';
  const rest = await readEvents(await service.ask('/events', { headers: { 'last-event-id': middle } }), endOf(jobId));
  expect(rest.filter(({ data }) => data['job_id'] === jobId)).toEqual(whole.slice(2));
});

test.each(['0123456789ab-7', 'nonsense', '9'.repeat(40)])('a place that is not known any more is told as a reset', async (place) => {
  const events = await readEvents(await service.ask('/events', { headers: { 'last-event-id': place } }), (all) => all.length > 0);
  expect(events[0]?.event).toBe('reset');
});

test('one job is told with its history, and the stream ends with the job', async () => {
  const jobId = await backup(102);
  const events = await readEvents(await service.ask(`/jobs/${jobId}/events`), () => false);
  expect(events.at(-1)).toMatchObject({ event: 'end', data: { status: 'completed' } });
  const history = events.filter(({ event }) => event === 'history');
  expect(history[0]).toMatchObject({ id: '1', data: { event: 'created' } });
  expect(history.map(({ id }) => Number(id))).toEqual(history.map((_entry, index) => index + 1));

  const resumed = await readEvents(await service.ask(`/jobs/${jobId}/events`, { headers: { 'last-event-id': '2' } }), () => false);
  expect(resumed.filter(({ event }) => event === 'history')).toEqual(history.slice(2));
  const all = await service.ask(`/jobs/${jobId}/events`, { headers: { 'last-event-id': String(history.length) } });
  expect(all.status).toBe(204);
});

test('an unknown job has no events', async () => {
  const response = await service.ask('/jobs/nosuch/events');
  expect(response.status).toBe(404);
  expect(await response.json()).toMatchObject({ status: 'not_found' });
});

test('one caller holds at most twenty streams, and gets them back by hanging up', async () => {
  const streams = await Promise.all(Array.from({ length: 20 }, () => service.ask('/events')));
  expect(streams.map(({ status }) => status)).toEqual(Array(20).fill(200));
  expect((await service.ask('/events')).status).toBe(429);
  for (const stream of streams) await stream.body?.cancel();
  await expect
    .poll(async () => {
      const again = await service.ask('/events');
      await again.body?.cancel();
      return again.status;
    })
    .toBe(200);
});

test('stopping the server ends open streams at once', async () => {
  const other = await startService({ listen: true });
  const stream = await other.ask('/events');
  const reading = readEvents(stream, () => false);
  const startedAt = performance.now();
  await other.close();
  await reading;
  expect(performance.now() - startedAt).toBeLessThan(4000);
});

test('a call that waits for its job when the server stops is told the job', async () => {
  const other = await startService({ listen: true });
  other.sim.faults.respond('GET /nodes/*/tasks/*/status', { status: 595, reason: 'No route to host' });
  const waiting = other.post('/create_backup', { vmid: 100, storage: 'nfs-backup' }, { prefer: 'wait=50' });
  await expect.poll(() => other.sim.requests.count('POST /nodes/*/vzdump')).toBe(1);
  await expect.poll(async () => (await other.product.jobs.list({ limit: 1, status: 'running' })).jobs[0]?.upid ?? null).not.toBeNull();
  const closed = other.close();
  const response = await waiting;
  expect(response.status).toBe(202);
  expect(await response.json()).toMatchObject({ status: 'running' });
  await closed;
});

test('a reader too slow for the feed is told that it missed something, and costs no memory', () => {
  let tell: (job: Job) => void = () => undefined;
  const feed = createEventFeed({ subscribe: (listener) => ((tell = listener), () => undefined) }, 10);
  const start = feed.position();
  const job = { jobId: 'a', state: 'running', warnings: [], previousUpids: [] } as unknown as Job;
  for (let change = 0; change < 10; change += 1) tell(job);
  expect(feed.after(start)).toMatchObject({ gap: false, entries: { length: 10 } });
  tell(job);
  expect(feed.after(start)).toMatchObject({ gap: true, entries: [] });
  expect(feed.after(feed.after(start).position)).toMatchObject({ gap: false, entries: [] });
});
