import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'undici';

export interface SimulatorSize {
  /** The large scenario at this size, the cluster of the demo, or a plain one with guests of both kinds or only stopped VMs. */
  readonly kind: 'large' | 'cluster' | 'plain' | 'stopped';
  readonly nodes: number;
  readonly guests: number;
  readonly latencyMs: number;
  /** Simulated seconds per second (default 50). Close to 0 no task ever ends. */
  readonly speed?: number;
}

/** What the simulator's process can be told. */
export interface SimulatorOrder {
  readonly order: 'count' | 'hang' | 'drop' | 'mend';
  /** `GET /nodes/pve1/**`. */
  readonly pattern?: string;
}

/** A simulated Proxmox VE in another process. */
export interface SimulatedCluster {
  /** Environment of a server that talks to it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Requests since the last time this was asked. */
  requests(): Promise<number>;
  /** Never answers such requests until `mend`. */
  hang(pattern: string): Promise<void>;
  /** Cuts the connection of the next few such requests. */
  drop(pattern: string): Promise<void>;
  mend(): Promise<void>;
  /** One plain request, read to its end and parsed: what everything is compared with. */
  raw(method: 'GET' | 'POST', path: string): Promise<unknown>;
  /** The same on a connection of its own, as the product sends writes. */
  rawAlone(method: 'GET' | 'POST', path: string): Promise<unknown>;
  /** Reads to its end and throws away: the time that the simulator itself takes. */
  drain(path: string): Promise<void>;
  close(): Promise<void>;
}

export async function startCluster(size: SimulatorSize): Promise<SimulatedCluster> {
  const child = fork(new URL('./simulator-process.ts', import.meta.url), [JSON.stringify(size)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`The simulator ended with ${code}.`);
  });
  failed.catch(() => undefined);
  const [{ ready }] = (await Promise.race([once(child, 'message', { signal: AbortSignal.timeout(60_000) }), failed])) as [
    { ready: { host: string; port: number; fingerprint: string; token: { user: string; tokenName: string; tokenValue: string } } },
  ];
  const { host, port, fingerprint, token } = ready;
  // The bench talks to the process that it has just started on loopback.
  const agent = new Agent({ connect: { rejectUnauthorized: false }, connections: 32 });
  const alone = new Agent({ connect: { rejectUnauthorized: false }, connections: 32, pipelining: 0 });
  const authorization = `PVEAPIToken=${token.user}!${token.tokenName}=${token.tokenValue}`;
  const ask = async (method: 'GET' | 'POST', path: string, dispatcher: Agent) =>
    (await request(`https://${host}:${port}/api2/json${path}`, { method, dispatcher, headers: { authorization } })).body;
  const tell = async (order: SimulatorOrder): Promise<number> => {
    const answer = once(child, 'message');
    child.send(order);
    const [{ count }] = (await answer) as [{ count: number }];
    return count;
  };
  return {
    environment: {
      PROXMOX_HOST: host,
      PROXMOX_PORT: String(port),
      PROXMOX_FINGERPRINT: fingerprint,
      PROXMOX_USER: token.user,
      PROXMOX_TOKEN_NAME: token.tokenName,
      PROXMOX_TOKEN_VALUE: token.tokenValue,
    },
    requests: () => tell({ order: 'count' }),
    hang: async (pattern) => void (await tell({ order: 'hang', pattern })),
    drop: async (pattern) => void (await tell({ order: 'drop', pattern })),
    mend: async () => void (await tell({ order: 'mend' })),
    raw: async (method, path) => JSON.parse(await (await ask(method, path, agent)).text()),
    rawAlone: async (method, path) => JSON.parse(await (await ask(method, path, alone)).text()),
    drain: async (path) => void (await (await ask('GET', path, agent)).arrayBuffer()),
    async close() {
      await Promise.all([agent.close(), alone.close()]);
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
