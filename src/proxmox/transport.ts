import { systemClock } from '../domain/clock.ts';
import type { Params } from '../domain/mutation.ts';
import { Agent, type Dispatcher } from 'undici';
import { encodeParams } from './encode-params.ts';
import { ResponseTooLarge, SendDeadlinePassed, TransportFailure } from './transport-failure.ts';
import { createTlsConnector, type Detour, type TlsTrust } from './tls-connector.ts';

export interface TransportSettings {
  readonly host: string;
  readonly port: number;
  /** `USER@REALM!TOKENID=SECRET`. */
  readonly apiToken: string;
  readonly trust: TlsTrust;
  /** Deadline of one request from queueing to the last byte, milliseconds. */
  readonly timeoutMs: number;
  /** Connections for reads at once, to all nodes together. */
  readonly maxConnections: number;
  readonly userAgent: string;
  /** Where connections go in place of `host`, which is still the one that is verified. */
  readonly detour?: Detour | undefined;
}

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below `/api2/json`, built by `route()`. */
  readonly path: string;
  readonly params?: Params;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  readonly signal?: AbortSignal;
  /** Writes only: the moment of the system clock, monotonic, after which not even the first byte may be written. */
  readonly sendBefore?: number;
}

export interface RawResponse {
  readonly status: number;
  /** The reason phrase, which is where Proxmox puts its error text. */
  readonly reason: string;
  readonly contentType: string;
  readonly text: string;
  /** The server's clock, from the Date header. */
  readonly serverDate: Date | null;
}

export interface Transport {
  readonly origin: string;
  /** Deadline of a request that brings none. */
  readonly timeoutMs: number;
  /** @throws TransportFailure when there is no complete answer */
  request(request: ApiRequest): Promise<RawResponse>;
  close(): Promise<void>;
}

const CONNECT_TIMEOUT_MS = 5000;
/** pveproxy closes idle connections after 5 s; ours must be gone before. */
const KEEP_ALIVE_MS = 3000;
/** pveproxy closes a connection after 100 requests. */
const REQUESTS_PER_CONNECTION = 90;
const DEFAULT_MAX_BYTES = 32 * 1024 * 1024;

/** HTTPS to one Proxmox host: token, trust, deadline, capped connections and bodies. Knows nothing of the API's meaning. */
export function createTransport(settings: TransportSettings): Transport {
  const host = settings.host.includes(':') ? `[${settings.host}]` : settings.host;
  const origin = `https://${host}:${settings.port}`;
  const detour = settings.detour && { ...settings.detour, identity: settings.host };
  const shared = { connect: createTlsConnector(settings.trust, CONNECT_TIMEOUT_MS, detour), bodyTimeout: 0, headersTimeout: 0 };
  const reads = new Agent({
    ...shared,
    connections: settings.maxConnections,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    maxRequestsPerClient: REQUESTS_PER_CONNECTION,
  });
  // A kept connection may be closed by the other side just as a write is sent on it; writes never take that risk.
  const writes = new Agent({ ...shared, pipelining: 0, connections: settings.maxConnections });
  const headers = { authorization: `PVEAPIToken=${settings.apiToken}`, accept: 'application/json', 'user-agent': settings.userAgent };

  return {
    origin,
    timeoutMs: settings.timeoutMs,
    request(request) {
      const timeout = AbortSignal.timeout(request.timeoutMs ?? settings.timeoutMs);
      const signal = request.signal ? AbortSignal.any([request.signal, timeout]) : timeout;
      const agent = request.method === 'GET' ? reads : writes;
      return exchange(agent, origin, headers, request, signal);
    },
    async close() {
      await Promise.all([reads.destroy(), writes.destroy()]);
    },
  };
}

function exchange(
  agent: Agent,
  origin: string,
  headers: Readonly<Record<string, string>>,
  request: ApiRequest,
  signal: AbortSignal,
): Promise<RawResponse> {
  const maxBytes = request.maxBytes ?? DEFAULT_MAX_BYTES;
  const encoded = encodeParams(request.params ?? {});
  const inBody = request.method === 'POST' || request.method === 'PUT';
  const query = !inBody && encoded !== '' ? `?${encoded}` : '';

  return new Promise((resolve, reject) => {
    let written = false;
    let controller: Dispatcher.DispatchController | undefined;
    let status = 0;
    let reason = '';
    let responseHeaders: Record<string, string | string[] | undefined> = {};
    const chunks: Buffer[] = [];
    let bytes = 0;

    const onAbort = (): void => {
      const abortReason = signal.reason instanceof Error ? signal.reason : new Error('aborted');
      controller?.abort(abortReason);
      settle(() => reject(new TransportFailure(abortReason, written)));
    };
    const settle = (outcome: () => void): void => {
      signal.removeEventListener('abort', onAbort);
      outcome();
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });

    agent.dispatch(
      {
        origin,
        path: `/api2/json${request.path}${query}`,
        method: request.method,
        headers: inBody && encoded !== '' ? { ...headers, 'content-type': 'application/x-www-form-urlencoded' } : headers,
        ...(inBody && encoded !== '' ? { body: encoded } : {}),
      },
      {
        onRequestStart(started) {
          controller = started;
          if (signal.aborted) return started.abort(new Error('aborted'));
          if (request.sendBefore !== undefined && systemClock.monotonic() > request.sendBefore) {
            return started.abort(new SendDeadlinePassed());
          }
          written = true;
        },
        onResponseStart(_controller, statusCode, rawHeaders, statusMessage) {
          status = statusCode;
          reason = statusMessage ?? '';
          responseHeaders = rawHeaders;
        },
        onResponseData(stream, chunk) {
          bytes += chunk.length;
          if (bytes > maxBytes) return stream.abort(new ResponseTooLarge(maxBytes));
          chunks.push(chunk);
        },
        onResponseEnd() {
          const contentType = String(responseHeaders['content-type'] ?? '');
          const date = responseHeaders['date'];
          settle(() =>
            resolve({
              status,
              reason,
              contentType,
              text: Buffer.concat(chunks).toString('utf8'),
              serverDate: typeof date === 'string' ? new Date(date) : null,
            }),
          );
        },
        onResponseError(_controller, error) {
          settle(() => reject(new TransportFailure(error, written)));
        },
      },
    );
  });
}
