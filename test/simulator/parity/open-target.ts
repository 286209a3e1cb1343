import { readFileSync } from 'node:fs';
import { connect as connectTls } from 'node:tls';
import { startSimulator } from '../../../src/simulator/start-simulator.ts';
import { call, type Answer, type CallOptions, type PveTarget } from '../pve-target.ts';

/** A Proxmox VE with one VM and one container that tests may start, stop and change. */
export interface ParityTarget {
  readonly isReal: boolean;
  readonly node: string;
  readonly vm: number;
  readonly container: number;
  call(method: string, path: string, options?: CallOptions): Promise<Answer>;
  /** Makes a call that answers a UPID, waits for the end, and gives the exit status. */
  run(method: string, path: string, body?: CallOptions['body']): Promise<string>;
  close(): Promise<void>;
}

const required = (name: string): string => {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`${name} is needed with PVE_URL`);
  return value;
};

/** @throws Error when the server shows another certificate */
async function verifyFingerprint(url: string, wanted: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host: hostname, port: Number(port === '' ? 443 : port), rejectUnauthorized: false }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      if (
        certificate === undefined ||
        certificate.fingerprint256.replace(/:/g, '').toLowerCase() !== wanted.replace(/:/g, '').toLowerCase()
      )
        reject(new Error(`the fingerprint of ${url} is ${certificate?.fingerprint256 ?? 'unknown'}`));
      else resolve(certificate.toString());
    });
    socket.on('error', reject);
  });
}

async function realTarget(url: string): Promise<PveTarget> {
  const token = required('PVE_TOKEN');
  if (process.env['PVE_INSECURE'] === '1') return { url, token };
  const authority = process.env['PVE_CA_FILE'];
  if (authority !== undefined) return { url, token, ca: readFileSync(authority, 'utf8') };
  return { url, token, ca: await verifyFingerprint(url, required('PVE_FINGERPRINT')) };
}

/** The Proxmox VE that PVE_URL names, or else the simulator. */
export async function openTarget(): Promise<ParityTarget> {
  const url = process.env['PVE_URL'];
  const sim = url === undefined ? await startSimulator({ scenario: 'homelab', speed: 200 }) : undefined;
  const target: PveTarget =
    sim === undefined
      ? await realTarget(url ?? '')
      : { url: sim.url, token: `${sim.token.user}!${sim.token.tokenName}=${sim.token.tokenValue}`, ca: sim.caCertificate };
  const node = sim === undefined ? required('PVE_NODE') : 'pve';
  return {
    isReal: sim === undefined,
    node,
    vm: sim === undefined ? Number(required('PVE_VM')) : 103,
    container: sim === undefined ? Number(required('PVE_CT')) : 203,
    call: (method, path, options) => call(target, method, path, options),
    async run(method, path, body) {
      const answer = await call(target, method, path, body === undefined ? {} : { body });
      if (typeof answer.json?.data !== 'string' || !answer.json.data.startsWith('UPID:'))
        throw new Error(`${method} ${path} answered ${answer.status} ${answer.reason}`);
      const status = `/nodes/${node}/tasks/${encodeURIComponent(answer.json.data)}/status`;
      for (;;) {
        if (sim !== undefined) await sim.clock.advance(1);
        const task = (await call(target, 'GET', status)).json?.data as { status: string; exitstatus?: string } | undefined;
        if (task?.status === 'stopped') return task.exitstatus ?? '';
      }
    },
    close: async () => {
      await sim?.close();
    },
  };
}
