import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Weight } from './tell-weight.ts';

/** Environment with which a server in Node.js can be weighed; it needs an IPC channel as well. */
export const WEIGHABLE = { NODE_OPTIONS: `--import ${new URL('./tell-weight.ts', import.meta.url).href}` };

/** What a process that was started so holds once all garbage is collected. */
export async function weigh(child: ChildProcess): Promise<Weight> {
  const told = once(child, 'message');
  child.send('weigh');
  const [weight] = (await told) as [Weight];
  return weight;
}
