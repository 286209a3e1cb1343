import type { Clock } from '../../../src/domain/clock.ts';
import { OperationError } from '../../../src/domain/operation-error.ts';
import type { JobStore } from '../../../src/jobs/job-store.ts';
import type { Chance } from './random.ts';
import type { Scheduler } from './scheduler.ts';

/** What can befall a process. Probabilities apply to each moment at which it hears from outside. */
export interface MachineFaults {
  readonly kill: number;
  readonly pause: number;
  readonly pauseMs: readonly [number, number];
}

/**
 * A process that can be killed and stopped. Everything it does or hears goes through here: after a kill none of its promises
 * settle and none of its calls reach anything; while it is stopped it hears nothing, and time goes on.
 */
export interface Machine {
  readonly clock: Clock;
  /** True from the start until it is killed. */
  alive(): boolean;
  kill(): void;
  pause(milliseconds: number): void;
  /** A call to something outside: leaves after `out` ms, and is answered `back` ms after it was done. */
  call<T>(out: number, back: number, act: () => Promise<T>): Promise<T>;
  /** The store as this process reaches it. */
  store(store: JobStore): JobStore;
}

/** What befalls the n-th call of a process to the outside. `deafen`: it is done, and the process dies before it hears. */
export type InjectedFault = 'kill' | 'fail' | 'deafen' | 'pause';
export type Injection = (call: number) => InjectedFault | undefined;

const PAUSE_MS = 60_000;
const EPOCH_MS = Date.parse('2026-01-01T00:00:00Z');

export function createMachine(
  scheduler: Scheduler,
  random: Chance,
  faults: MachineFaults,
  died: () => void,
  inject: Injection = () => undefined,
): Machine {
  let dead = false;
  let stoppedUntil = 0;
  let healed = false;
  let calls = 0;

  function kill(): void {
    if (dead) return;
    dead = true;
    died();
  }

  function deliver(act: () => void): void {
    if (dead) return;
    if (stoppedUntil > scheduler.now()) {
      scheduler.after(stoppedUntil - scheduler.now(), () => {
        deliver(act);
      });
      return;
    }
    if (!healed && random.happens(faults.kill)) {
      kill();
      return;
    }
    if (!healed && random.happens(faults.pause)) {
      stoppedUntil = scheduler.now() + random.between(...faults.pauseMs);
      deliver(act);
      return;
    }
    act();
  }

  const call = <T>(out: number, back: number, act: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      if (dead) return;
      calls += 1;
      const fault = inject(calls);
      if (fault === 'kill') {
        kill();
        return;
      }
      scheduler.after(out, () => {
        if (dead) return;
        if (fault === 'fail') {
          reject(new OperationError('proxmox_unreachable', 'injected'));
          return;
        }
        if (fault === 'pause') stoppedUntil = scheduler.now() + PAUSE_MS;
        act().then(
          (value) => {
            if (fault === 'deafen') {
              kill();
              return;
            }
            scheduler.after(back, () => {
              deliver(() => {
                resolve(value);
              });
            });
          },
          (fault: unknown) => {
            scheduler.after(back, () => {
              deliver(() => {
                reject(fault);
              });
            });
          },
        );
      });
    });

  return {
    clock: {
      now: () => new Date(EPOCH_MS + scheduler.now()),
      monotonic: () => scheduler.now(),
      sleep: (milliseconds, signal) =>
        new Promise((resolve) => {
          if (dead) return;
          if (signal?.aborted) {
            resolve();
            return;
          }
          let done = false;
          const finish = (): void => {
            if (done) return;
            done = true;
            deliver(resolve);
          };
          signal?.addEventListener('abort', finish, { once: true });
          if (Number.isFinite(milliseconds))
            scheduler.after(milliseconds, () => {
              if (!done) signal?.removeEventListener('abort', finish);
              finish();
            });
        }),
    },
    alive: () => !dead,
    kill,
    pause(milliseconds) {
      if (milliseconds === 0) healed = true;
      else stoppedUntil = Math.max(stoppedUntil, scheduler.now() + milliseconds);
    },
    call,
    store: (store) =>
      new Proxy(store, {
        get(target, name) {
          const method = Reflect.get(target, name) as unknown;
          if (typeof method !== 'function') return method;
          if (name === 'close') return () => Promise.resolve();
          return (...parameters: unknown[]) =>
            call(random.between(0, 2), random.between(0, 3), () =>
              (method as (...all: unknown[]) => Promise<unknown>).apply(target, parameters),
            );
        },
      }),
  };
}
