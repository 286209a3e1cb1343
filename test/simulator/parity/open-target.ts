import { setTimeout as sleep } from 'node:timers/promises';
import { startSimulator } from '../../../src/simulator/start-simulator.ts';
import { call, type Answer, type CallOptions } from '../pve-target.ts';
import { realTarget, type RealTarget } from './real-target.ts';

/** How long a task may take on a real Proxmox VE. */
const TASK_WITHIN_MS = 150_000;

/** A Proxmox VE with one VM and one container that tests may start, stop and change. */
export interface ParityTarget extends Omit<RealTarget, 'pve'> {
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Makes a call that answers a UPID, and gives that. */
  task(method: string, path: string, body?: CallOptions['body']): Promise<string>;
  /** Waits for the end of a task, and gives its exit status. */
  end(upid: string): Promise<string>;
  /** `task`, then `end`. */
  run(method: string, path: string, body?: CallOptions['body']): Promise<string>;
  close(): Promise<void>;
}

/** The Proxmox VE that PVE_URL names, or else the simulator. */
export async function openTarget(): Promise<ParityTarget> {
  const sim = process.env['PVE_URL'] === undefined ? await startSimulator({ scenario: 'homelab', speed: 200 }) : undefined;
  const { pve, ...named } =
    sim === undefined
      ? realTarget(process.env)
      : {
          pve: { url: sim.url, token: `${sim.token.user}!${sim.token.tokenName}=${sim.token.tokenValue}`, ca: sim.caCertificate },
          node: 'pve',
          vm: 103,
          container: 203,
        };

  async function task(method: string, path: string, body?: CallOptions['body']): Promise<string> {
    const answer = await call(pve, method, path, body === undefined ? {} : { body });
    if (typeof answer.json?.data === 'string' && answer.json.data.startsWith('UPID:')) return answer.json.data;
    throw new Error(`${method} ${path} answered ${answer.status} ${answer.reason} ${answer.text}`);
  }

  async function end(upid: string): Promise<string> {
    const path = `/nodes/${named.node}/tasks/${encodeURIComponent(upid)}/status`;
    for (const until = performance.now() + TASK_WITHIN_MS; performance.now() < until;) {
      const seen = (await call(pve, 'GET', path)).json?.data as { status: string; exitstatus?: string } | undefined;
      if (seen?.status === 'stopped') return seen.exitstatus ?? '';
      await (sim === undefined ? sleep(500) : sim.clock.advance(1));
    }
    throw new Error(`${upid} has not ended within ${TASK_WITHIN_MS / 1000} s.`);
  }

  return {
    ...named,
    call: (method, path, options) => call(pve, method, path, options),
    task,
    end,
    run: async (method, path, body) => end(await task(method, path, body)),
    close: async () => {
      await sim?.close();
    },
  };
}
