import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'undici';

export interface SimulatorSize {
  /** A scenario by name, or else as many nodes and guests as are given. */
  readonly scenario?: 'large' | 'cluster';
  readonly nodes: number;
  readonly guests: number;
  readonly latencyMs: number;
}

/** A simulated Proxmox VE in another process. */
export interface SimulatedCluster {
  /** Environment of a server that talks to it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Requests since the last time this was asked. */
  requests(): Promise<number>;
  /** One plain request, read to its end and parsed: what everything is compared with. */
  raw(method: 'GET' | 'POST', path: string): Promise<unknown>;
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
  const agent = new Agent({ connect: { rejectUnauthorized: false }, connections: 8 });
  const authorization = `PVEAPIToken=${token.user}!${token.tokenName}=${token.tokenValue}`;
  return {
    environment: {
      PROXMOX_HOST: host,
      PROXMOX_PORT: String(port),
      PROXMOX_FINGERPRINT: fingerprint,
      PROXMOX_USER: token.user,
      PROXMOX_TOKEN_NAME: token.tokenName,
      PROXMOX_TOKEN_VALUE: token.tokenValue,
    },
    async requests() {
      const answer = once(child, 'message');
      child.send('requests');
      const [message] = (await answer) as [{ requests: number }];
      return message.requests;
    },
    async raw(method, path) {
      const { body } = await request(`https://${host}:${port}/api2/json${path}`, { method, dispatcher: agent, headers: { authorization } });
      return JSON.parse(await body.text());
    },
    async close() {
      await agent.close();
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
