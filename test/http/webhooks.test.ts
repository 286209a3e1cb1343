import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { createWebhooks } from '../../src/http/webhooks.ts';
import type { Job } from '../../src/jobs/job.ts';
import { startService } from './service.ts';

const SECRET = 'a-secret-of-the-receiver';

interface Received {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}
const received: Received[] = [];
let answers: number[] = [];
const receiver = createServer((request, response) => {
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    received.push({ headers: request.headers, body });
    response.writeHead(answers.shift() ?? 204, { location: 'http://127.0.0.1:1/' }).end();
  });
});
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook`;
});
afterAll(async () => {
  receiver.closeAllConnections();
  await new Promise((resolve) => receiver.close(resolve));
});
beforeEach(() => {
  received.length = 0;
  answers = [];
});

const job = (state: Job['state'], more: Partial<Job> = {}): Job =>
  ({
    jobId: 'job-1',
    operation: 'start_vm',
    summary: 'Start VM 101',
    state,
    retryCount: 0,
    warnings: [],
    previousUpids: [],
    updatedAt: '2026-11-20T08:00:00.000Z',
    ...more,
  }) as unknown as Job;

/** Pauses end at once and are remembered. */
function hurriedClock(): { clock: Clock; pauses: number[] } {
  const pauses: number[] = [];
  const clock: Clock = {
    now: () => new Date('2026-11-20T08:00:00Z'),
    monotonic: () => 0,
    sleep: async (milliseconds) => {
      pauses.push(milliseconds);
    },
  };
  return { clock, pauses };
}

function hooks(): { tell: (job: Job) => void; pauses: number[]; lost: unknown[]; pending: () => number } {
  let tell: (job: Job) => void = () => undefined;
  const lost: unknown[] = [];
  const { clock, pauses } = hurriedClock();
  const webhooks = createWebhooks({
    webhooks: [{ url, secret: SECRET, events: ['job.ended', 'approval.wanted'] }],
    jobs: { subscribe: (listener) => ((tell = listener), () => undefined) },
    clock,
    random: () => 0.5,
    log: { info: () => undefined, warn: (fields) => lost.push(fields), error: () => undefined },
  });
  return { tell: (changed) => tell(changed), pauses, lost, pending: () => webhooks.pending };
}

test('the end of a job is told once, signed so that the receiver can check it', async () => {
  const { tell, pending } = hooks();
  tell(job('running'));
  tell(job('succeeded'));
  tell(job('succeeded'));
  await expect.poll(pending).toBe(0);
  expect(received).toHaveLength(1);
  const [{ headers, body } = { headers: {}, body: '' }] = received;
  expect(JSON.parse(body)).toMatchObject({ type: 'job.ended', id: headers['webhook-id'], data: { job_id: 'job-1', status: 'completed' } });
  const signed = createHmac('sha256', SECRET)
    .update(`${String(headers['webhook-id'])}.${String(headers['webhook-timestamp'])}.${body}`)
    .digest('base64');
  expect(headers['webhook-signature']).toBe(`v1,${signed}`);
});

test('a job that wants an approval is told, and later its end', async () => {
  const { tell, pending } = hooks();
  tell(job('awaiting_approval'));
  tell(job('rejected'));
  await expect.poll(pending).toBe(0);
  expect(received.map(({ body }) => (JSON.parse(body) as { type: string }).type).sort()).toEqual(['approval.wanted', 'job.ended']);
});

test('what was not taken is sent again with the same id, after longer and longer pauses', async () => {
  answers = [500, 302, 429, 200];
  const { tell, pauses, pending } = hooks();
  tell(job('failed'));
  await expect.poll(pending).toBe(0);
  expect(received.length).toBe(4);
  expect(new Set(received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
  expect(pauses).toEqual([1000, 5000, 30_000]);
});

test('after the last try a message is given up, and the log says so without its secret', async () => {
  answers = Array<number>(20).fill(503);
  const { tell, lost, pending } = hooks();
  tell(job('failed'));
  await expect.poll(pending).toBe(0);
  expect(received).toHaveLength(7);
  expect(lost).toMatchObject([{ reason: 'it answered 503' }]);
  expect(JSON.stringify(lost)).not.toContain(SECRET);
});

test('a receiver that is gone for good is not asked again', async () => {
  answers = [410];
  const { tell, lost, pending } = hooks();
  tell(job('failed'));
  await expect.poll(pending).toBe(0);
  expect(received).toHaveLength(1);
  expect(lost).toHaveLength(1);
});

test('the whole service tells a receiver about a real job', async () => {
  await using service = await startService({ config: { webhooks: [{ url, secret: SECRET }] } });
  const response = await service.post('/create_backup', { vmid: 100, storage: 'nfs-backup' }, { prefer: 'wait=30' });
  const { job_id } = (await response.json()) as { job_id: string };
  await expect.poll(() => received.length, { timeout: 5000 }).toBe(1);
  expect(JSON.parse(received[0]?.body ?? '{}')).toMatchObject({ type: 'job.ended', data: { job_id, status: 'completed' } });
});
