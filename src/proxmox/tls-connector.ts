import { timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { TLSSocket, checkServerIdentity, createSecureContext, type PeerCertificate } from 'node:tls';
import { callbackify } from 'node:util';
import { buildConnector } from 'undici';
import { asError } from '../domain/thrown.ts';
import { parseFingerprint } from './fingerprint.ts';

/** How the certificate of Proxmox is judged. */
export type TlsTrust =
  /** By the system's authorities, or only by the given ones (PEM). */
  | { readonly mode: 'authorities'; readonly ca?: string }
  /** By the SHA-256 of the certificate itself; several while one is being renewed. */
  | { readonly mode: 'pinned'; readonly fingerprints: readonly string[] }
  /** Not at all; needs `security.dev_mode`. */
  | { readonly mode: 'unverified' };

/** Another way to a host, e.g. a tunnel. Only the connection goes there: certificate and name are still those of the host. */
export interface Detour {
  /** @throws OperationError when there is no way now */
  enter(): Promise<{ readonly host: string; readonly port: number; lastError(): Error | undefined }>;
}

/** The certificate was not what the configuration asks for. No byte of a request was written. */
export class UntrustedCertificate extends Error {
  override readonly name = 'UntrustedCertificate';
  /** `pin_mismatch`, or Node's code such as `SELF_SIGNED_CERT_IN_CHAIN`. */
  readonly reason: string;
  /** What was presented: SHA-256, upper-case hex with colons. */
  readonly fingerprint: string | null;

  constructor(reason: string, fingerprint: string | null) {
    super(`the certificate was not accepted (${reason})`);
    this.reason = reason;
    this.fingerprint = fingerprint;
  }
}

/**
 * A connector for undici that hands a socket over only after its certificate was accepted, so that an impostor
 * receives the handshake and nothing else.
 */
export function createTlsConnector(
  trust: TlsTrust,
  connectTimeoutMs: number,
  detour?: Detour & { readonly identity: string },
): buildConnector.connector {
  const pins = trust.mode === 'pinned' ? trust.fingerprints.map(parseFingerprint) : [];
  const build = (): buildConnector.connector =>
    buildConnector({
      timeout: connectTimeoutMs,
      allowH2: false,
      // Shared by all connections: making one takes longer than the rest of a handshake.
      secureContext: createSecureContext(trust.mode === 'authorities' && trust.ca !== undefined ? { ca: trust.ca } : {}),
      // A resumed session skips the identity check.
      maxCachedSessions: 0,
      // Judged below, where the presented certificate can still be named in the error.
      rejectUnauthorized: false,
      ...(detour === undefined
        ? {}
        : { checkServerIdentity: (_near: string, certificate: PeerCertificate) => checkServerIdentity(detour.identity, certificate) }),
    });
  // Made with the first connection: nothing is loaded for a server that is not asked.
  let connect: buildConnector.connector | undefined;
  const connectTo = (options: buildConnector.Options, callback: buildConnector.Callback, reason?: () => Error | undefined): void => {
    try {
      connect ??= build();
    } catch (error) {
      return callback(asError(error), null);
    }
    connect(options, (error, socket) => {
      if (error) return callback(reason?.() ?? error, null);
      const untrusted = judge(socket, trust, pins);
      if (untrusted) {
        socket.destroy();
        return callback(untrusted, null);
      }
      return callback(null, socket);
    });
  };
  if (detour === undefined) return connectTo;
  const enter = callbackify(() => detour.enter());
  return (options, callback) => {
    enter((error, way) => {
      if (error) callback(error, null);
      else connectTo({ ...options, hostname: way.host, port: String(way.port) }, callback, way.lastError);
    });
  };
}

function judge(socket: Socket, trust: TlsTrust, pins: readonly Buffer[]): UntrustedCertificate | null {
  if (!(socket instanceof TLSSocket)) return new UntrustedCertificate('not_tls', null);
  switch (trust.mode) {
    case 'unverified':
      return null;
    case 'authorities':
      return socket.authorized ? null : new UntrustedCertificate(String(socket.authorizationError), fingerprintOf(socket));
    case 'pinned': {
      const fingerprint = fingerprintOf(socket);
      const presented = fingerprint === null ? null : parseFingerprint(fingerprint);
      const known = presented !== null && pins.some((pin) => timingSafeEqual(pin, presented));
      return known ? null : new UntrustedCertificate('pin_mismatch', fingerprint);
    }
  }
}

/** Not by `getPeerX509Certificate`, of which Node 24 never frees some 6 KB: hundreds of megabytes in half an hour of reads. */
function fingerprintOf(socket: TLSSocket): string | null {
  const { fingerprint256 } = socket.getPeerCertificate() as Partial<PeerCertificate>;
  return fingerprint256 ?? null;
}
