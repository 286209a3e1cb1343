import { createCluster, type Cluster } from './cluster.ts';
import { createClock } from './clock.ts';
import { createRouter } from './api/router.ts';
import { endpoints } from './endpoints/all-endpoints.ts';
import { createFaults, type Faults } from './faults.ts';
import { createCertificate } from './http/certificate.ts';
import { createRequestLog, type RequestLog } from './http/request-log.ts';
import { startServer } from './http/server.ts';
import { createWorld } from './model/create-world.ts';
import { buildScenario, nodeNamesOf, type ScenarioName } from './scenarios/build-scenario.ts';
import type { DatacenterSize } from './scenarios/large-scenario.ts';

export type { Cluster, CreatedToken } from './cluster.ts';
export type { Faults } from './faults.ts';
export type { ScenarioName } from './scenarios/build-scenario.ts';
export type { RequestLog } from './http/request-log.ts';

export interface SimulatorOptions {
  /**
   * What exists at the start (default `cluster`): a scenario by name, the large one at another size, or a function that states it
   * in an empty world, beginning with its nodes.
   */
  readonly scenario?: ScenarioName | DatacenterSize | ((cluster: Cluster) => void);
  /** `manual`: time moves only by `clock.advance`. */
  readonly clock?: 'real' | 'manual';
  /** Real clock: simulated seconds per real second (default 1). */
  readonly speed?: number;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  readonly host?: string;
  readonly seed?: number;
  /** Real milliseconds added to every answer. */
  readonly latencyMs?: number;
  /** Simulated seconds before a refused credential is answered: 3 under a real clock, 0 under a manual one. */
  readonly authenticationDelaySeconds?: number;
}

/** A running Proxmox VE that exists in memory only. */
export interface Simulator {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the served certificate: upper-case hex, separated by colons. */
  readonly fingerprint: string;
  /** PEM of the authority that signed it. */
  readonly caCertificate: string;
  /** A token that may do everything. */
  readonly token: { readonly user: string; readonly tokenName: string; readonly tokenValue: string };
  readonly cluster: Cluster;
  readonly faults: Faults;
  readonly clock: { /** Seconds since the epoch. */ now(): number; advance(seconds: number): Promise<void> };
  readonly requests: RequestLog;
  close(): Promise<void>;
}

/** Starts a simulated Proxmox VE 9.2 that speaks HTTPS on loopback. Close it when done. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { scenario = 'cluster', clock: kind = 'real', host = '127.0.0.1', seed = 1 } = options;
  const clock = createClock(kind, options.speed ?? 1);
  const certificate = createCertificate(typeof scenario === 'function' ? ['pve', 'pve1', 'pve2', 'pve3'] : nodeNamesOf(scenario), host);
  const world = createWorld({ clock, seed, certificate });
  const cluster = createCluster(world);
  if (typeof scenario === 'function') scenario(cluster);
  else buildScenario(world, scenario);
  const token = cluster.createToken('root@pam', 'simulator', { privsep: false });
  const { faults, requestFaults } = createFaults(world);
  const requests = createRequestLog();
  const server = await startServer({
    world,
    find: createRouter(endpoints),
    faults: requestFaults,
    requests,
    host,
    port: options.port ?? 0,
    latencyMs: options.latencyMs ?? 0,
    authenticationDelaySeconds: options.authenticationDelaySeconds ?? (kind === 'manual' ? 0 : 3),
  });
  return {
    url: `https://${host.includes(':') ? `[${host}]` : host}:${server.port}`,
    host,
    port: server.port,
    fingerprint: certificate.fingerprint,
    caCertificate: certificate.caCertificate,
    token,
    cluster,
    faults,
    clock: { now: () => clock.now(), advance: (seconds) => clock.advance(seconds) },
    requests,
    async close() {
      faults.clear();
      clock.stop();
      await server.close();
    },
  };
}
