/** One line of virtual time for everything in a simulation. */
export interface Scheduler {
  /** Virtual milliseconds since the start. */
  now(): number;
  after(milliseconds: number, act: () => void): void;
  /** Runs what is due, in order, until the moment or until nothing is left. Never looks at the wall clock. */
  runUntil(moment: number): Promise<void>;
  steps(): number;
}

interface Event {
  readonly time: number;
  readonly order: number;
  readonly act: () => void;
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export function createScheduler(): Scheduler {
  const heap: Event[] = [];
  let now = 0;
  let order = 0;
  let steps = 0;

  const isBefore = (a: Event, b: Event): boolean => a.time < b.time || (a.time === b.time && a.order < b.order);

  function push(event: Event): void {
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Event;
      if (!isBefore(event, above)) break;
      heap[at] = above;
      heap[parent] = event;
      at = parent;
    }
  }

  function pop(): Event {
    const top = heap[0] as Event;
    const last = heap.pop() as Event;
    if (heap.length > 0) {
      let at = 0;
      for (;;) {
        let child = at * 2 + 1;
        if (child >= heap.length) break;
        if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child += 1;
        if (!isBefore(heap[child] as Event, last)) break;
        heap[at] = heap[child] as Event;
        at = child;
      }
      heap[at] = last;
    }
    return top;
  }

  return {
    now: () => now,
    after(milliseconds, act) {
      push({ time: now + Math.max(0, milliseconds), order: ++order, act });
    },
    async runUntil(moment) {
      while (heap.length > 0 && (heap[0] as Event).time <= moment) {
        const event = pop();
        now = Math.max(now, event.time);
        steps += 1;
        event.act();
        await settle();
      }
      now = Math.max(now, moment);
    },
    steps: () => steps,
  };
}
