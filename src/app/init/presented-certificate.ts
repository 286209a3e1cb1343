import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { OperationError } from '../../domain/operation-error.ts';

/** The certificate that a host shows. */
export interface PresentedCertificate {
  /** SHA-256, upper-case hex with colons. */
  readonly fingerprint: string;
  /** True when the authorities of this machine vouch for it and its name fits. */
  readonly isTrusted: boolean;
  readonly issuer: string;
}

const WITHIN_MS = 8000;

/**
 * Looks at the certificate of a host; nothing but the handshake is sent.
 * @throws OperationError `proxmox_unreachable`
 */
export function presentedCertificate(host: string, port: number): Promise<PresentedCertificate> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, rejectUnauthorized: false, ...(isIP(host) === 0 ? { servername: host } : {}) });
    const fail = (message: string, hint: string): void => {
      socket.destroy();
      reject(new OperationError('proxmox_unreachable', message, { hint }));
    };
    socket.setTimeout(WITHIN_MS, () => fail(`${host}:${port} does not answer.`, 'Check the address, and the firewall in between.'));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const reason = error.code ?? error.message;
      if (reason === 'ECONNREFUSED') fail(`Nothing listens at ${host}:${port}.`, 'Proxmox VE listens on port 8006.');
      else if (reason === 'ENOTFOUND') fail(`The name ${host} cannot be resolved.`, 'Correct it, or use the IP address of a node.');
      else if (/SSL|TLS|ECONNRESET/.test(reason))
        fail(`${host}:${port} does not speak HTTPS.`, 'Point at Proxmox VE itself: port 8006 of a node.');
      else fail(`${host}:${port} cannot be reached (${reason}).`, 'Check the address, and the firewall in between.');
    });
    socket.once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      const { authorized } = socket;
      socket.destroy();
      if (!certificate) return fail(`${host}:${port} shows no certificate.`, 'Point at Proxmox VE itself: port 8006 of a node.');
      resolve({ fingerprint: certificate.fingerprint256, isTrusted: authorized, issuer: oneLine(certificate.issuer) });
    });
  });
}

function oneLine(name: string): string {
  return name.replaceAll(/[^\x20-\x7e]+/g, ', ').slice(0, 200);
}
