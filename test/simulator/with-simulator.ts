import { test as base } from 'vitest';
import { startSimulator, type Cluster, type Faults, type Simulator, type ScenarioName } from '../../src/simulator/start-simulator.ts';
import { call, type Answer, type CallOptions } from './pve-target.ts';

/** Calls the simulator as its administrator, or with another token. */
export interface Pve {
  (method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Makes a call that answers a UPID, and gives it. */
  task(method: string, path: string, body?: CallOptions['body']): Promise<string>;
  /** Status and log of a task. */
  outcome(upid: string): Promise<{ status: string; exitstatus: string | undefined; log: string[] }>;
}

export function connect(sim: Simulator): Pve {
  const target = { url: sim.url, token: `${sim.token.user}!${sim.token.tokenName}=${sim.token.tokenValue}`, ca: sim.caCertificate };
  const pve = (method: string, path: string, options?: CallOptions): Promise<Answer> => call(target, method, path, options);
  return Object.assign(pve, {
    async task(method: string, path: string, body?: CallOptions['body']) {
      const answer = await pve(method, path, body === undefined ? {} : { body });
      if (typeof answer.json?.data !== 'string' || !answer.json.data.startsWith('UPID:'))
        throw new Error(`${method} ${path} answered ${answer.status} ${answer.reason} ${answer.text}`);
      return answer.json.data;
    },
    async outcome(upid: string) {
      const node = upid.split(':')[1] ?? '';
      const base = `/nodes/${node}/tasks/${encodeURIComponent(upid)}`;
      const status = (await pve('GET', `${base}/status`)).json?.data as { status: string; exitstatus?: string };
      const log = (await pve('GET', `${base}/log?limit=0`)).json?.data as Array<{ t: string }>;
      return { status: status.status, exitstatus: status.exitstatus, log: log.map((row) => row.t) };
    },
  });
}

/** Tests with a simulator of their own: three nodes, and a clock that moves only by `sim.clock.advance`. */
export const test = base
  .extend('scenario', 'cluster' as ScenarioName)
  .extend('sim', async ({ scenario }, { onCleanup }): Promise<Simulator> => {
    const sim = await startSimulator({ scenario, clock: 'manual' });
    onCleanup(() => sim.close());
    return sim;
  })
  .extend('pve', ({ sim }): Pve => connect(sim))
  .extend('cluster', ({ sim }): Cluster => sim.cluster)
  .extend('faults', ({ sim }): Faults => sim.faults);
