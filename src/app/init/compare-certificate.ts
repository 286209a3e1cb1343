import { OperationError } from '../../domain/operation-error.ts';
import type { Ask } from '../../cli/ask.ts';
import { parseFingerprint } from '../../proxmox/fingerprint.ts';
import { presentedCertificate } from './presented-certificate.ts';

interface Expected {
  readonly host: string;
  readonly port: number;
  /** What was named on the command line. */
  readonly fingerprint: string | null;
}

/** The certificate that pveproxy shows: one that was uploaded goes before its own. openssl reads the first of what comes in. */
const COMPARE = 'cat /etc/pve/local/pveproxy-ssl.pem /etc/pve/local/pve-ssl.pem 2>/dev/null | openssl x509 -noout -fingerprint -sha256';

/**
 * The fingerprint to pin; null where the authorities of this machine vouch for the host. A person compares it, or it is the
 * one that was named.
 * @throws OperationError before anything but the handshake was sent
 */
export async function compareCertificate(
  { host, port, fingerprint }: Expected,
  ask: Ask | null,
  say: (text: string) => void,
): Promise<string | null> {
  const presented = await presentedCertificate(host, port);
  if (fingerprint !== null) {
    if (parseFingerprint(fingerprint).equals(parseFingerprint(presented.fingerprint))) return presented.fingerprint;
    throw new OperationError(
      'proxmox_unreachable',
      `${host}:${port} shows another certificate than the one you named, so nothing was sent to it.`,
      {
        hint: `It shows ${presented.fingerprint}. Compare it on the node: ${COMPARE}`,
        details: { presented_fingerprint: presented.fingerprint },
      },
    );
  }
  if (presented.isTrusted) {
    say(`The certificate of ${host} is vouched for by ${presented.issuer}.\n`);
    return null;
  }
  const shown = `${host}:${port} shows a certificate of its own (${presented.issuer}), SHA-256:\n\n  ${presented.fingerprint}\n\nOn the node this must print the same:\n\n  ${COMPARE}\n`;
  if (ask === null) {
    throw new OperationError(
      'invalid_input',
      `No authority that this machine knows vouches for the certificate of ${host}:${port}, so somebody has to compare it.`,
      {
        hint: `It shows ${presented.fingerprint}. On the node: ${COMPARE}. If both are the same, repeat with --fingerprint ${presented.fingerprint}`,
        details: { presented_fingerprint: presented.fingerprint },
      },
    );
  }
  say(`\n${shown}\n`);
  if (!(await ask.confirm('Is it the same?', false)))
    throw new OperationError('denied', 'The certificate was not confirmed, so nothing was sent.');
  return presented.fingerprint;
}
