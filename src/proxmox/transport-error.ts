import { OperationError } from '../domain/operation-error.ts';
import { systemCode } from '../domain/thrown.ts';
import { ApiError } from './api-error.ts';
import type { FailureContext } from './failure.ts';
import { UntrustedCertificate } from './tls-connector.ts';
import { ResponseTooLarge, SendDeadlinePassed, type TransportFailure } from './transport-failure.ts';
import type { ApiRequest } from './transport.ts';

/** Turns the lack of an answer into a sentence: what was tried, what is wrong, what to do about it. */
export function failureOfTransport(request: ApiRequest, failure: TransportFailure, context: FailureContext): ApiError {
  const isWrite = request.method !== 'GET';
  const inDoubt = isWrite && failure.written;
  const error = explain(failure, context);
  return new ApiError(inDoubt ? 'in_doubt' : 'not_sent', inDoubt ? error.withEffect('unknown') : error);
}

function explain(failure: TransportFailure, context: FailureContext): OperationError {
  const { cause } = failure;
  const { origin } = context;
  if (cause instanceof UntrustedCertificate) return untrusted(cause, origin);
  // The way to the host failed, and says so itself.
  if (cause instanceof OperationError) return cause;
  if (cause instanceof ResponseTooLarge) {
    return new OperationError(
      'proxmox_failed',
      `The answer of Proxmox VE at ${origin} is larger than ${cause.maxBytes} bytes and was dropped.`,
      {
        hint: 'Ask for less: name a node, a storage or a guest.',
      },
    );
  }
  if (cause instanceof SendDeadlinePassed) {
    return new OperationError('timeout', `The connection to ${origin} was ready too late, so nothing was sent.`, { hint: 'Try again.' });
  }
  if (cause.name === 'TimeoutError') {
    return new OperationError('timeout', `Proxmox VE at ${origin} did not answer in time.`, {
      hint: 'The node or one of its storages may hang. Other nodes can still be asked.',
      details: { written: failure.written },
    });
  }
  if (cause.name === 'AbortError') return new OperationError('timeout', 'The call was cancelled.', { cause });

  const code = systemCode(cause) ?? cause.name;
  const known = CONNECTION_ERRORS[code];
  if (known) return new OperationError('proxmox_unreachable', `${known.message(origin)}.`, { hint: known.hint, details: { code } });
  return new OperationError(
    'proxmox_unreachable',
    `The connection to Proxmox VE at ${origin} broke${failure.written ? ' while it was answering' : ''}.`,
    {
      hint: 'Try again; if it persists, look at pveproxy on the node (journalctl -u pveproxy).',
      details: { code },
      cause,
    },
  );
}

const CONNECTION_ERRORS: Readonly<Record<string, { message(origin: string): string; hint: string }>> = {
  ECONNREFUSED: {
    message: (origin) => `Nothing listens at ${origin}`,
    hint: 'Check proxmox.host and proxmox.port (Proxmox VE uses 8006), and that pveproxy runs.',
  },
  ENOTFOUND: { message: (origin) => `The name in ${origin} cannot be resolved`, hint: 'Check proxmox.host, or use the IP address.' },
  EAI_AGAIN: { message: (origin) => `The name in ${origin} cannot be resolved now`, hint: 'DNS does not answer; use the IP address.' },
  EHOSTUNREACH: {
    message: (origin) => `There is no route to ${origin}`,
    hint: 'Check the network, VPN and firewall between here and the node.',
  },
  ENETUNREACH: {
    message: (origin) => `There is no network to ${origin}`,
    hint: 'Check the network, VPN and firewall between here and the node.',
  },
  UND_ERR_CONNECT_TIMEOUT: { message: (origin) => `${origin} did not accept a connection in time`, hint: 'Check address and firewall.' },
  ERR_SSL_WRONG_VERSION_NUMBER: { message: (origin) => `${origin} does not speak TLS`, hint: 'Check proxmox.port; Proxmox VE uses 8006.' },
  ERR_SSL_PACKET_LENGTH_TOO_LONG: {
    message: (origin) => `${origin} does not speak TLS`,
    hint: 'Check proxmox.port; Proxmox VE uses 8006.',
  },
  UND_ERR_HEADERS_OVERFLOW: {
    message: (origin) => `${origin} answered with headers that are too long`,
    hint: 'Something in front of Proxmox VE may be at fault.',
  },
};

function untrusted(cause: UntrustedCertificate, origin: string): OperationError {
  const presented = cause.fingerprint;
  const details = { reason: cause.reason, ...(presented === null ? {} : { presented_fingerprint: presented }) };
  const compare =
    'On the Proxmox node, `openssl x509 -noout -fingerprint -sha256 -in /etc/pve/local/pve-ssl.pem` ' +
    '(or pveproxy-ssl.pem if that file exists) must print the same value';
  if (cause.reason === 'pin_mismatch') {
    return new OperationError(
      'proxmox_unreachable',
      `${origin} presented a certificate that is not the pinned one, so no request was sent to it.`,
      {
        hint: `It presented ${presented}. ${compare}. If it does, the certificate was renewed: put the new value into proxmox.fingerprint (PROXMOX_FINGERPRINT). If not, somebody is in between.`,
        details,
      },
    );
  }
  return new OperationError(
    'proxmox_unreachable',
    `The certificate of ${origin} cannot be verified (${cause.reason}), so no request was sent to it.`,
    {
      hint: `It presented ${presented}. ${compare}; then pin it with "proxmox": { "fingerprint": "${presented}" } or PROXMOX_FINGERPRINT=${presented}. Or name the cluster's authority (/etc/pve/pve-root-ca.pem) as proxmox.ca_file.`,
      details,
    },
  );
}
