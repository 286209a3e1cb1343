import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What a process holds once all garbage is gone. Without that nobody can tell growth from a heap not collected yet. */
export interface Weight {
  readonly heapMegabytes: number;
  /** Resident memory that is not V8's heap: buffers, sockets, what libraries take for themselves. */
  readonly otherMegabytes: number;
}

const MEGABYTE = 1024 * 1024;

// Loaded beside the product into a server under measurement (`node --import`): answers every message of the bench.
if (process.send) {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (options: object) => void;
  // Gives the pages that V8 keeps for later back to the system, too.
  const collect = (): void => gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  process.on('message', () => {
    // What the first collection lets go may hold more: weak references, finalizers.
    collect();
    setImmediate(() => {
      collect();
      const { heapUsed, heapTotal, rss } = process.memoryUsage();
      process.send?.({ heapMegabytes: heapUsed / MEGABYTE, otherMegabytes: (rss - heapTotal) / MEGABYTE } satisfies Weight);
    });
  });
  // Measuring keeps no server alive.
  process.channel?.unref();
}
