/** Time as a value that tests can hold in their hands. */
export interface Clock {
  /** Wall clock, for records only: nothing is ordered by it. */
  now(): Date;
  /** Milliseconds that never jump back; for deadlines. */
  monotonic(): number;
  /** Resolves after the given time, or at once when the signal aborts (never rejects). */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The clock of the machine. Its timers do not keep a process alive. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep(milliseconds, signal) {
    if (signal?.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      timer.unref();
      signal?.addEventListener('abort', done, { once: true });
    });
  },
};
