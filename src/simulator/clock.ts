/** Cancels something that was arranged for later. */
export type Cancel = () => void;

/** Simulated time in seconds since the epoch. */
export interface Clock {
  now(): number;
  /** Runs `action` when `seconds` of simulated time have passed. */
  at(seconds: number, action: () => void): Cancel;
  /** Resolves when `seconds` of simulated time have passed. */
  sleep(seconds: number): Promise<void>;
  /** Holds an answer back as Proxmox does; passes at once under a manual clock, where nobody could end the wait. */
  hold(seconds: number): Promise<void>;
  /** Moves time forward, running everything that falls due, in order. */
  advance(seconds: number): Promise<void>;
  stop(): void;
}

interface Timer {
  due: number;
  order: number;
  action: () => void;
}

/** Where a manual clock starts: Monday 2026-11-23 08:00:00 UTC. */
const MANUAL_START = 1795420800;

const settle = (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

/**
 * Makes a clock. `manual` time moves only by `advance`; `real` time runs `speed` times as fast as the wall clock
 * and can be advanced as well.
 */
export function createClock(kind: 'real' | 'manual', speed = 1): Clock {
  const startedAt = performance.now();
  const epoch = kind === 'manual' ? MANUAL_START : Date.now() / 1000;
  const timers: Timer[] = [];
  let offset = 0;
  let order = 0;
  let wake: NodeJS.Timeout | undefined;
  let isStopped = false;

  const now = (): number => epoch + offset + (kind === 'manual' ? 0 : ((performance.now() - startedAt) / 1000) * speed);

  const insert = (timer: Timer): void => {
    let low = 0;
    let high = timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = timers[middle];
      if (other !== undefined && (other.due < timer.due || (other.due === timer.due && other.order < timer.order))) low = middle + 1;
      else high = middle;
    }
    timers.splice(low, 0, timer);
  };

  const arm = (): void => {
    clearTimeout(wake);
    const next = timers[0];
    if (kind === 'manual' || isStopped || next === undefined) return;
    const milliseconds = Math.max(0, ((next.due - now()) / speed) * 1000);
    wake = setTimeout(
      () => {
        runDue();
        arm();
      },
      Math.min(milliseconds, 2 ** 30),
    );
    wake.unref();
  };

  const runDue = (): void => {
    for (let next = timers[0]; next !== undefined && next.due <= now() + 1e-6; next = timers[0]) {
      timers.shift();
      next.action();
    }
  };

  const at = (seconds: number, action: () => void): Cancel => {
    const timer: Timer = { due: now() + Math.max(0, seconds), order: order++, action };
    insert(timer);
    arm();
    return () => {
      const index = timers.indexOf(timer);
      if (index >= 0) timers.splice(index, 1);
    };
  };

  const sleep = (seconds: number): Promise<void> =>
    new Promise((resolve) => {
      at(seconds, resolve);
    });

  return {
    now,
    at,
    sleep,
    hold: (seconds) => (kind === 'manual' || seconds <= 0 ? Promise.resolve() : sleep(seconds)),
    async advance(seconds) {
      await settle();
      const target = now() + seconds;
      for (let next = timers[0]; next !== undefined && next.due <= target + 1e-6; next = timers[0]) {
        timers.shift();
        offset += Math.max(0, next.due - now());
        next.action();
        await settle();
      }
      offset += Math.max(0, target - now());
      arm();
    },
    stop() {
      isStopped = true;
      clearTimeout(wake);
      timers.length = 0;
    },
  };
}
