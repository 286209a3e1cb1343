import { dropOldest } from '../domain/drop-oldest.ts';

/** Answers to a request for one more turn. */
export type Turn = { readonly granted: true } | { readonly granted: false; readonly retryAfterSeconds: number };

/** Turns per minute for each of many callers. */
export interface RateLimiter {
  take(caller: string): Turn;
  /** As `take`, without using a turn up. */
  peek(caller: string): Turn;
  readonly size: number;
}

interface Bucket {
  turns: number;
  at: number;
}

export interface RateLimiterOptions {
  /** 0 means no limit. */
  readonly perMinute: number;
  /** Callers that are remembered; the one not seen for longest is forgotten. */
  readonly maxCallers?: number;
  /** Milliseconds that never jump back. */
  readonly now: () => number;
}

const MINUTE_MS = 60_000;

/** A bucket per caller that fills evenly and holds one minute's worth. */
export function createRateLimiter({ perMinute, maxCallers = 10_000, now }: RateLimiterOptions): RateLimiter {
  // A Map keeps the order of insertion: whoever was just seen goes to its end.
  const buckets = new Map<string, Bucket>();
  const granted: Turn = { granted: true };

  function fill(caller: string): Bucket {
    const at = now();
    const known = buckets.get(caller);
    if (!known) return { turns: perMinute, at };
    return { turns: Math.min(perMinute, known.turns + ((at - known.at) * perMinute) / MINUTE_MS), at };
  }

  const turnOf = ({ turns }: Bucket): Turn =>
    turns >= 1 ? granted : { granted: false, retryAfterSeconds: Math.max(1, Math.ceil(((1 - turns) * 60) / perMinute)) };

  return {
    take(caller) {
      if (perMinute <= 0) return granted;
      const bucket = fill(caller);
      const turn = turnOf(bucket);
      if (turn.granted) bucket.turns -= 1;
      buckets.delete(caller);
      buckets.set(caller, bucket);
      dropOldest(buckets, maxCallers);
      return turn;
    },
    peek: (caller) => (perMinute <= 0 ? granted : turnOf(fill(caller))),
    get size() {
      return buckets.size;
    },
  };
}
