import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RequestFaults } from '../faults.ts';
import { answerRequest, type AnswerOptions } from './answer-request.ts';
import { readTarget } from './read-request.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';
import { sendAnswer, sendHalf, type Outgoing } from './send-answer.ts';

export interface ServerOptions extends AnswerOptions {
  readonly faults: RequestFaults;
  readonly requests: RequestLog & { add(request: LoggedRequest): void };
  readonly host: string;
  readonly port: number;
  readonly latencyMs: number;
}

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

/** After so many the connection is closed. */
const REQUESTS_PER_CONNECTION = 100;
/** With more of them pveproxy reads no further, and the connection times out. */
const MAX_HEADERS = 63;

/**
 * Serves the API over HTTPS (HTTP/1.1 only) with the habits of pveproxy: any error closes the connection, as do 100
 * requests or 5 idle seconds; a refused credential is answered late, with an empty body.
 * @see pve-http-server PVE/APIServer/AnyEvent.pm
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { world, requests } = options;
  const sockets = new Set<Socket>();
  const served = new WeakMap<Socket, number>();

  const send = async (request: IncomingMessage, response: ServerResponse, outgoing: Outgoing): Promise<void> => {
    if (options.latencyMs > 0) await sleep(options.latencyMs, undefined, { ref: false });
    if (response.destroyed) return;
    const isLast = (served.get(request.socket) ?? 0) >= REQUESTS_PER_CONNECTION;
    await sendAnswer(request, response, outgoing, { at: world.clock.now(), isLast });
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const method = request.method ?? 'GET';
    served.set(request.socket, (served.get(request.socket) ?? 0) + 1);
    const target = readTarget(request.url ?? '/');
    const logged: LoggedRequest = { method, path: target.path, query: target.query, body: {}, at: world.clock.now(), status: undefined };
    requests.add(logged);
    const struck = target.formatter === undefined ? [] : options.faults.strike(method, target.path);
    const cut = (): void => {
      request.socket.destroy();
    };
    for (const fault of struck) {
      if (fault.kind === 'dropBeforeDispatch') return cut();
      if (fault.kind === 'hang') {
        await fault.removed;
        return cut();
      }
      if (fault.kind === 'delay') await world.clock.sleep(fault.seconds);
      if (fault.kind === 'respond' && fault.answer !== undefined) {
        const { status, reason, body, contentType } = fault.answer;
        logged.status = status;
        return send(request, response, { status, reason: reason ?? '', body: body ?? '', contentType });
      }
    }
    if (request.rawHeaders.length / 2 > MAX_HEADERS) {
      setTimeout(cut, 5000).unref();
      return;
    }
    const outgoing = await answerRequest(options, request, target, logged, struck);
    if (struck.some((fault) => fault.kind === 'dropAfterDispatch')) return cut();
    logged.status = outgoing.status;
    if (struck.some((fault) => fault.kind === 'truncate')) return sendHalf(response, outgoing, cut);
    await send(request, response, outgoing);
  };

  const { key, certificate, caCertificate } = world.certificate;
  const server: Server = createServer({
    key,
    cert: certificate + caCertificate,
    ALPNProtocols: ['http/1.1'],
    maxHeaderSize: 16 * 1024,
    requireHostHeader: false,
    keepAlive: true,
  } as Parameters<typeof createServer>[0]);
  const listen = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch(() => {
      request.socket.destroy();
    });
  };
  server.on('request', listen);
  server.on('checkContinue', listen);
  server.keepAliveTimeout = 5000;
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('clientError', (_error, socket) => {
    socket.destroy();
  });
  server.on('tlsClientError', (_error, socket) => {
    socket.destroy();
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        for (const socket of sockets) socket.destroy();
        server.closeAllConnections();
      }),
  };
}
