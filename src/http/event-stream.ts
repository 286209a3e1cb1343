import type { Clock } from '../domain/clock.ts';

/** One server-sent event. Without an id the client keeps the one before. */
export interface ServerEvent {
  readonly event: string;
  readonly data: unknown;
  readonly id?: string;
}

export interface EventStreamOptions {
  readonly clock: Clock;
  /** A comment is sent when nothing else was for so long, so that nobody in between takes the stream for dead. */
  readonly heartbeatMs: number;
  /** The stream ends after this time; clients come back by themselves with the id of the last event. */
  readonly lifetimeMs: number;
  /** Ends the stream, e.g. when the server stops. */
  readonly signal: AbortSignal;
  /** What is new since it was last asked. */
  next(): Promise<{ readonly events: readonly ServerEvent[]; readonly done: boolean }>;
  /** Calls back whenever `next` may find something; returns the way to stop. */
  listen(wake: () => void): () => void;
  /** Told of a `next` that failed, which ends the stream. */
  onFault(error: unknown): void;
  onEnd(): void;
}

const RECONNECT_MS = 3000;
const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };

/**
 * Answers with an event stream. Events are asked for when the client has taken the ones before, so nothing piles up for a
 * client that reads slowly.
 */
export function eventStream(options: EventStreamOptions): Response {
  const { clock, heartbeatMs, lifetimeMs, next, listen, onFault, onEnd } = options;
  const ending = new AbortController();
  const stopped = AbortSignal.any([ending.signal, options.signal]);
  const endsAt = clock.monotonic() + lifetimeMs;
  const encoder = new TextEncoder();
  let isDirty = true;
  let wake = new AbortController();
  const unlisten = listen(() => {
    isDirty = true;
    wake.abort();
  });
  const end = (): void => {
    if (ending.signal.aborted) return;
    ending.abort();
    unlisten();
    onEnd();
  };
  stopped.addEventListener('abort', end, { once: true });

  /** The text to send next; empty when the stream is over. */
  async function nextText(): Promise<string> {
    while (!ending.signal.aborted) {
      if (isDirty) {
        isDirty = false;
        const { events, done } = await next();
        if (done) end();
        if (events.length > 0) return events.map(format).join('');
        continue;
      }
      const left = endsAt - clock.monotonic();
      if (left <= 0) break;
      wake = new AbortController();
      if (!isDirty) await clock.sleep(Math.min(left, heartbeatMs), AbortSignal.any([stopped, wake.signal]));
      if (!isDirty && !ending.signal.aborted) return ': still here\n\n';
    }
    return '';
  }

  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(encoder.encode(`retry: ${RECONNECT_MS}\n\n`)),
      async pull(controller) {
        const text = await nextText().catch((error: unknown) => {
          // The client is told when it comes back: by a status, which a stream has no more.
          onFault(error);
          return '';
        });
        if (text !== '') controller.enqueue(encoder.encode(text));
        if (text !== '' && !ending.signal.aborted) return;
        end();
        controller.close();
      },
      cancel: end,
    },
    { highWaterMark: 1 },
  );
  return new Response(body, { headers: HEADERS });
}

function format({ event, data, id }: ServerEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
