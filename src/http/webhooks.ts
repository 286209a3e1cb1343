import type { Clock } from '../domain/clock.ts';
import { dropOldest } from '../domain/drop-oldest.ts';
import { isFinal, type Job } from '../jobs/job.ts';
import type { Jobs } from '../jobs/jobs.ts';
import { viewJobCompact } from '../jobs/view.ts';
import type { HttpLog } from './request-context.ts';
import { createWebhookSender, type WebhookMessage, type WebhookTarget } from './webhook-sender.ts';

/** A server that wants to hear, and what of. */
export interface Webhook extends WebhookTarget {
  readonly events: readonly WebhookMessage['type'][];
}

export interface WebhooksOptions {
  readonly webhooks: readonly Webhook[];
  readonly jobs: Pick<Jobs, 'subscribe'>;
  readonly clock: Clock;
  readonly random?: () => number;
  readonly log: HttpLog;
}

/** Tells other servers when a job has ended or wants an approval. At least once: the same message may come again. */
export interface Webhooks {
  readonly pending: number;
  /** Gives up what is not delivered yet. */
  close(): void;
}

const REMEMBERED = 5000;

export function createWebhooks({ webhooks, jobs, clock, random = Math.random, log }: WebhooksOptions): Webhooks {
  const stopping = new AbortController();
  const senders = webhooks.map(({ events, ...target }) => ({
    events,
    sender: createWebhookSender({
      target,
      clock,
      random,
      signal: stopping.signal,
      onLost: (message, reason) =>
        log.warn({ webhook: new URL(target.url).origin, message_id: message.id, reason }, 'webhook message given up'),
    }),
  }));
  const sent = new Set<string>();
  const unsubscribe = jobs.subscribe((job) => {
    const type = occasionOf(job);
    if (type === null) return;
    const id = `${type}.${job.jobId}.${job.retryCount}.${job.state}`;
    if (sent.has(id)) return;
    sent.add(id);
    dropOldest(sent, REMEMBERED);
    const message: WebhookMessage = { id, type, timestamp: job.updatedAt, data: viewJobCompact(job) };
    for (const { events, sender } of senders) if (events.includes(type)) sender.send(message);
  });

  return {
    get pending() {
      return senders.reduce((sum, { sender }) => sum + sender.pending, 0);
    },
    close() {
      unsubscribe();
      stopping.abort();
    },
  };
}

function occasionOf({ state }: Job): WebhookMessage['type'] | null {
  if (state === 'awaiting_approval') return 'approval.wanted';
  return isFinal(state) ? 'job.ended' : null;
}
