import { lookup } from 'node:dns/promises';
import { connect, isIP } from 'node:net';
import { systemReason } from '../../domain/thrown.ts';
import { failed, ok, skipped, type Finding } from '../../cli/finding.ts';

export interface Address {
  readonly host: string;
  readonly port: number;
}

const WITHIN_MS = 5000;
const PORT_ADVICE = 'Check proxmox.port: Proxmox VE listens on 8006.';

/** Whether the name resolves and the port takes connections. Ends with the first failure. */
export async function checkNetwork({ host, port }: Address): Promise<readonly Finding[]> {
  const dns = await checkName(host);
  if (dns.status === 'failed') return [dns];
  return [dns, await checkPort({ host, port })];
}

async function checkName(host: string): Promise<Finding> {
  if (isIP(host) > 0) return skipped('dns', `${host} is an address.`);
  try {
    const addresses = await within(lookup(host, { all: true }));
    return ok('dns', `${host} is ${addresses.map(({ address }) => address).join(', ')}.`);
  } catch (error) {
    const code = systemReason(error);
    return code === 'ENOTFOUND'
      ? failed(
          'dns',
          'proxmox_unreachable',
          `The name ${host} cannot be resolved.`,
          'Correct proxmox.host (PROXMOX_HOST), or use the IP address of a node.',
          { code },
        )
      : failed(
          'dns',
          'proxmox_unreachable',
          `DNS does not answer for ${host} (${code}).`,
          'Look at the resolver of this machine, or use the IP address of a node.',
          { code },
        );
  }
}

async function checkPort({ host, port }: Address): Promise<Finding> {
  const startedAt = performance.now();
  const outcome = await new Promise<string>((resolve) => {
    const socket = connect({ host, port, timeout: WITHIN_MS });
    const end = (result: string): void => {
      socket.destroy();
      resolve(result);
    };
    socket.once('connect', () => end('open'));
    socket.once('timeout', () => end('ETIMEDOUT'));
    socket.once('error', (error) => end(systemReason(error)));
  });
  const place = `${host}:${port}`;
  if (outcome === 'open') return ok('tcp', `${place} takes connections (${Math.round(performance.now() - startedAt)} ms).`);
  const code = { code: outcome };
  if (outcome === 'ECONNREFUSED')
    return failed(
      'tcp',
      'proxmox_unreachable',
      `Nothing listens at ${place}.`,
      `${PORT_ADVICE} If it is right, start pveproxy on the node: systemctl start pveproxy.`,
      code,
    );
  if (outcome === 'EHOSTUNREACH' || outcome === 'ENETUNREACH')
    return failed(
      'tcp',
      'proxmox_unreachable',
      `There is no route to ${place}.`,
      'Check VPN, network and firewall between here and the node.',
      code,
    );
  return failed(
    'tcp',
    'proxmox_unreachable',
    `${place} does not take connections (${outcome}).`,
    `A firewall may drop them. ${PORT_ADVICE}`,
    code,
  );
}

/** Whether a port speaks HTTP without TLS. */
export async function speaksPlainHttp({ host, port }: Address): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: WITHIN_MS }, () => socket.write(`HEAD / HTTP/1.0\r\nHost: ${host}\r\n\r\n`));
    const end = (isHttp: boolean): void => {
      socket.destroy();
      resolve(isHttp);
    };
    socket.once('data', (chunk: Buffer) => end(chunk.subarray(0, 5).toString('latin1') === 'HTTP/'));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
    socket.once('end', () => end(false));
  });
}

async function within<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(Object.assign(new Error('timeout'), { code: 'ETIMEDOUT' })), WITHIN_MS);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
