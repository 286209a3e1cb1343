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
  onEnd(): void;
}

const RECONNECT_MS = 3000;
/** A failed reading ends the stream as any end does, so that its place is free again; who comes back is told the error itself. */
const NOTHING_MORE = { events: [], done: true };
const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };

/**
 * Answers with an event stream. Events are asked for when the client has taken the ones before, so nothing piles up for a
 * client that reads slowly.
 */
export function eventStream(options: EventStreamOptions): Response {
  const { clock, heartbeatMs, lifetimeMs, next, listen, onEnd } = options;
  const ending = new AbortController();
  const stopped = AbortSignal.any([ending.signal, options.signal]);
  const endsAt = clock.monotonic() + lifetimeMs;
  const encoder = new TextEncoder();
  let isDirty = true;
  let isOver = false;
  let wake = new AbortController();
  const unlisten = listen(() => {
    isDirty = true;
    wake.abort();
  });
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    unlisten();
    ending.abort();
    onEnd();
  };
  stopped.addEventListener('abort', end, { once: true });

  const body = new ReadableStream<Uint8Array>(
    {
      start: (controller) => controller.enqueue(encoder.encode(`retry: ${RECONNECT_MS}\n\n`)),
      async pull(controller) {
        for (;;) {
          if (isOver) break;
          if (isDirty) {
            isDirty = false;
            const { events, done } = await next().catch(() => NOTHING_MORE);
            if (events.length > 0) controller.enqueue(encoder.encode(events.map(format).join('')));
            if (done) break;
            if (events.length > 0) return;
            continue;
          }
          const left = endsAt - clock.monotonic();
          if (left <= 0) break;
          wake = new AbortController();
          if (!isDirty) await clock.sleep(Math.min(left, heartbeatMs), AbortSignal.any([stopped, wake.signal]));
          if (!isDirty && !isOver) {
            controller.enqueue(encoder.encode(': still here\n\n'));
            return;
          }
        }
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
