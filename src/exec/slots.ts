import type { Clock } from '../domain/clock.ts';

export type SlotRefusal = 'full' | 'waited-too-long' | 'aborted' | 'closed';

/** A bounded number of places with a bounded queue before them. */
export interface Slots {
  /** Waits for a place; resolves to the function that gives it back (harmless when called twice), or to why there is none. */
  take(signal?: AbortSignal): Promise<(() => void) | SlotRefusal>;
  /** Turns away all that wait, now and later. */
  close(): void;
}

export interface SlotOptions {
  readonly places: number;
  readonly queue: number;
  readonly waitSeconds: number;
  readonly clock: Clock;
}

/** Creates the places. First come, first served. */
export function createSlots({ places, queue, waitSeconds, clock }: SlotOptions): Slots {
  let free = places;
  let closed = false;
  const waiting = new Set<(answer: (() => void) | SlotRefusal) => void>();

  const grant = (): (() => void) => {
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const [next] = waiting;
      if (next) next(grant());
      else free += 1;
    };
  };

  return {
    async take(signal) {
      if (closed) return 'closed';
      if (signal?.aborted) return 'aborted';
      if (free > 0) {
        free -= 1;
        return grant();
      }
      if (waiting.size >= queue) return 'full';
      return new Promise((resolve) => {
        const done = new AbortController();
        const settle = (answer: (() => void) | SlotRefusal): void => {
          waiting.delete(settle);
          done.abort();
          signal?.removeEventListener('abort', onAbort);
          resolve(answer);
        };
        const onAbort = (): void => settle('aborted');
        waiting.add(settle);
        signal?.addEventListener('abort', onAbort, { once: true });
        void clock.sleep(waitSeconds * 1000, done.signal).then(() => {
          if (!done.signal.aborted) settle('waited-too-long');
        });
      });
    },
    close() {
      closed = true;
      for (const settle of waiting) settle('closed');
    },
  };
}
