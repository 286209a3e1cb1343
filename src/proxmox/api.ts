import { createLanes } from '../domain/lanes.ts';
import { OperationError } from '../domain/operation-error.ts';
import type { Mutation, Params } from '../domain/mutation.ts';
import { ApiError } from './api-error.ts';
import { encodeParams } from './encode-params.ts';
import { failureOfAnswer, type FailureContext } from './failure.ts';
import { readRecord } from './lenient.ts';
import { parseJson } from './parse-json.ts';
import type { Route } from './route.ts';
import { failureOfTransport } from './transport-error.ts';
import { TransportFailure } from './transport-failure.ts';
import type { ApiRequest, RawResponse, Transport } from './transport.ts';

/** The envelope of an answer. `data` is whatever the endpoint answers; lists of tasks and logs have a `total`. */
export interface Envelope {
  readonly data: unknown;
  readonly total: number | null;
}

export interface ReadOptions {
  readonly params?: Params;
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  /** The answer must not be older than this call: a read that is under way is not joined. */
  readonly fresh?: boolean;
}

/** One finished request, for logs and metrics. */
export interface RequestObservation {
  readonly method: string;
  /** The template, never the path: bounded in number. */
  readonly route: string;
  /** HTTP status, or the name of the failure when there was no answer. */
  readonly outcome: number | string;
  readonly durationMs: number;
  readonly serverDate: Date | null;
}

/** Reads of one node at once. One that hangs holds no more than these, and the rest of the connections serve the others. */
const READS_PER_NODE = 8;

/** Requests to Proxmox whose failures are told as ours. Identical reads in flight are one request, unless asked otherwise. */
export interface ProxmoxApi {
  readonly context: FailureContext;
  /** @throws OperationError */
  read(route: Route, options?: ReadOptions): Promise<Envelope>;
  /** Sends a write once, on a connection of its own. @throws ApiError telling what is known about it */
  write(mutation: Mutation, options: { sendBefore: number; timeoutMs?: number }): Promise<Envelope>;
  /** Something has changed: reads from now on do not join those that are under way. */
  forgetReads(): void;
  close(): Promise<void>;
}

export function createProxmoxApi(
  transport: Transport,
  tokenId: string,
  observe: (observation: RequestObservation) => void = () => undefined,
): ProxmoxApi {
  const context: FailureContext = { origin: transport.origin, tokenId };
  const inFlight = new Map<string, Promise<Envelope>>();
  const lanes = createLanes(READS_PER_NODE);

  async function exchange(request: ApiRequest, template: string): Promise<Envelope> {
    const startedAt = performance.now();
    const report = (outcome: number | string, serverDate: Date | null): void =>
      observe({ method: request.method, route: template, outcome, durationMs: performance.now() - startedAt, serverDate });
    try {
      const response = await transport.request(request);
      report(response.status, response.serverDate);
      if (response.status < 200 || response.status > 299) throw failureOfAnswer(request, response, context);
      return await parseEnvelope(request, response, context);
    } catch (error) {
      if (!(error instanceof TransportFailure)) throw error;
      const failure = failureOfTransport(request, error, context);
      report(failure.error.code, null);
      throw failure;
    }
  }

  /** Waits for a turn at the node and for the answer, both within one deadline. */
  async function readInLane(request: ApiRequest, template: string): Promise<Envelope> {
    const node = /^\/nodes\/([^/]+)/.exec(request.path)?.[1];
    if (node === undefined) return readTwice(request, template);
    const signal = AbortSignal.timeout(request.timeoutMs ?? transport.timeoutMs);
    let isIn = false;
    const work = (): Promise<Envelope> => {
      isIn = true;
      return readTwice({ ...request, signal }, template);
    };
    try {
      return await lanes(node, work, signal);
    } catch (error) {
      if (isIn || !(error instanceof Error)) throw error;
      throw failureOfTransport(request, new TransportFailure(error, false), context);
    }
  }

  async function readTwice(request: ApiRequest, template: string): Promise<Envelope> {
    try {
      return await exchange(request, template);
    } catch (error) {
      // A kept connection may have been closed under the request; once more on another one is harmless for a read.
      if (!(error instanceof ApiError) || error.error.code !== 'proxmox_unreachable' || error.error.details['code'] === undefined)
        throw error;
      return exchange(request, template);
    }
  }

  return {
    context,
    read(route, { fresh = false, ...options } = {}) {
      const key = `${route.path}?${encodeParams(options.params ?? {})}`;
      const running = inFlight.get(key);
      if (running && !fresh) return running;
      const started = readInLane({ method: 'GET', path: route.path, ...options }, route.template)
        .catch((error: unknown) => {
          throw error instanceof ApiError ? error.error : error;
        })
        .finally(() => {
          if (inFlight.get(key) === started) inFlight.delete(key);
        });
      inFlight.set(key, started);
      return started;
    },
    write(mutation, options) {
      return exchange({ method: mutation.method, path: mutation.path, params: mutation.params, ...options }, mutation.route);
    },
    forgetReads: () => inFlight.clear(),
    close: () => transport.close(),
  };
}

async function parseEnvelope(request: ApiRequest, response: RawResponse, context: FailureContext): Promise<Envelope> {
  const inDoubt = request.method !== 'GET';
  const fail = (message: string, hint: string): ApiError =>
    new ApiError(
      inDoubt ? 'in_doubt' : 'refused',
      new OperationError('proxmox_failed', message, {
        hint,
        effect: inDoubt ? 'unknown' : 'none',
        details: { proxmox_status: response.status },
      }),
    );
  if (!/json/i.test(response.contentType)) {
    throw fail(
      `${context.origin} answered with ${response.contentType === '' ? 'no content type' : JSON.stringify(response.contentType.slice(0, 60))} instead of JSON.`,
      'Point proxmox.host and proxmox.port at Proxmox VE itself (port 8006), not at a proxy or login page.',
    );
  }
  let parsed: unknown;
  try {
    parsed = await parseJson(response.text);
  } catch {
    throw fail(
      `The answer of ${context.origin} is damaged JSON.`,
      'Something cuts the answer off; try again, then look at what stands between here and Proxmox VE.',
    );
  }
  const envelope = readRecord(parsed);
  const { total } = envelope;
  return { data: envelope['data'] ?? null, total: typeof total === 'number' ? total : null };
}
