import { createHmac } from 'node:crypto';
import type { Clock } from '../domain/clock.ts';

/** What is told to another server, once delivered or given up. */
export interface WebhookMessage {
  /** The same for every try and every replica: receivers drop what they have seen. */
  readonly id: string;
  readonly type: 'job.ended' | 'approval.wanted';
  readonly timestamp: string;
  readonly data: unknown;
}

export interface WebhookTarget {
  readonly url: string;
  /** Key of the signature. */
  readonly secret: string;
}

export interface WebhookSenderOptions {
  readonly target: WebhookTarget;
  readonly clock: Clock;
  /** 0 to 1, spreads the tries of many messages. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  /** Told of messages that were given up, and why. */
  readonly onLost: (message: WebhookMessage, reason: string) => void;
}

/** Delivers messages to one server: in the background, a few at once, again after failures, within bounds. */
export interface WebhookSender {
  send(message: WebhookMessage): void;
  /** Messages that are waiting or under way. */
  readonly pending: number;
}

interface Delivery {
  readonly message: WebhookMessage;
  readonly tries: number;
}

const MAX_PENDING = 1000;
const AT_ONCE = 4;
const TRY_TIMEOUT_MS = 10_000;
/** Pauses before the second and later tries: an hour in all. */
const PAUSES_MS = [1000, 5000, 30_000, 120_000, 600_000, 3_000_000];

export function createWebhookSender({ target, clock, random, signal, onLost }: WebhookSenderOptions): WebhookSender {
  const waiting: Delivery[] = [];
  let pending = 0;
  let delivering = 0;

  async function deliver({ message, tries }: Delivery): Promise<void> {
    delivering += 1;
    const failure = await attempt(message);
    delivering -= 1;
    const pause = PAUSES_MS[tries];
    if (failure === null || signal.aborted || failure.isFinal || pause === undefined) {
      pending -= 1;
      if (failure !== null) onLost(message, signal.aborted ? 'the server is stopping' : failure.reason);
    } else {
      void clock.sleep(pause * (0.75 + random() / 2), signal).then(() => {
        waiting.push({ message, tries: tries + 1 });
        startNext();
      });
    }
    startNext();
  }

  async function attempt(message: WebhookMessage): Promise<{ reason: string; isFinal: boolean } | null> {
    const body = JSON.stringify({ id: message.id, type: message.type, timestamp: message.timestamp, data: message.data });
    const seconds = Math.floor(clock.now().getTime() / 1000);
    try {
      const response = await fetch(target.url, {
        method: 'POST',
        body,
        redirect: 'error',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TRY_TIMEOUT_MS)]),
        headers: {
          'content-type': 'application/json',
          'user-agent': 'proxmox-mcp-plus',
          'webhook-id': message.id,
          'webhook-timestamp': String(seconds),
          'webhook-signature': signWebhook(target.secret, message.id, seconds, body),
        },
      });
      await response.body?.cancel();
      if (response.ok) return null;
      // 410 means that nobody wants these messages any more.
      return { reason: `it answered ${response.status}`, isFinal: response.status === 410 };
    } catch (error) {
      return { reason: (error as Error).name === 'TimeoutError' ? 'it did not answer in time' : 'it cannot be reached', isFinal: false };
    }
  }

  function startNext(): void {
    while (delivering < AT_ONCE) {
      const delivery = waiting.shift();
      if (!delivery) return;
      void deliver(delivery);
    }
  }

  return {
    send(message) {
      if (pending >= MAX_PENDING) return onLost(message, 'too many messages are waiting');
      pending += 1;
      waiting.push({ message, tries: 0 });
      startNext();
    },
    get pending() {
      return pending;
    },
  };
}

/**
 * `v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`. A secret that starts with `whsec_` is base64, as the
 * Standard Webhooks specification has it; any other is taken as it is.
 */
export function signWebhook(secret: string, id: string, timestamp: number, body: string): string {
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret, 'utf8');
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
}
