import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { authenticate } from '../access/authenticate.ts';
import { dispatch, format } from '../api/dispatch.ts';
import type { Route } from '../api/router.ts';
import type { RequestFault, RequestFaults } from '../faults.ts';
import type { World } from '../model/world.ts';
import { checkHead, readBody, readTarget, TransportRefusal, type Target } from './read-request.ts';
import type { LoggedRequest, RequestLog } from './request-log.ts';

export interface ServerOptions {
  readonly world: World;
  readonly find: (method: string, path: string) => Route | undefined;
  readonly faults: RequestFaults;
  readonly requests: RequestLog & { add(request: LoggedRequest): void };
  readonly host: string;
  readonly port: number;
  readonly latencyMs: number;
  readonly authenticationDelaySeconds: number;
}

export interface RunningServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

interface Outgoing {
  status: number;
  reason: string;
  body: string | Buffer;
  contentType: string | undefined;
  isForwarded?: boolean;
}

const compress = promisify(gzip);
const isWide = (text: string): boolean => /[^\0-\xff]/.test(text);

/** After so many the connection is closed. */
const REQUESTS_PER_CONNECTION = 100;

/** Calls that may be made by anybody. */
const NEEDS_NO_CREDENTIAL = new Set(['GET /access/domains', 'GET /access/ticket', 'POST /access/ticket']);

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
    if (options.latencyMs > 0)
      await new Promise((resolve) => {
        setTimeout(resolve, options.latencyMs).unref();
      });
    if (response.destroyed) return;
    let body: Buffer = Buffer.from(outgoing.body as string);
    const date = new Date(world.clock.now() * 1000).toUTCString();
    const headers: Record<string, string | string[]> = {
      'Cache-Control': 'max-age=0',
      Date: date,
      Pragma: 'no-cache',
      Server: 'pve-api-daemon/3.0',
      Expires: date,
    };
    if (outgoing.status >= 400 || (served.get(request.socket) ?? 0) >= REQUESTS_PER_CONNECTION) headers['Connection'] = 'close';
    else if (outgoing.isForwarded === true) headers['Connection'] = ['close', 'Keep-Alive'];
    else if (response.shouldKeepAlive) headers['Connection'] = 'Keep-Alive';
    if (outgoing.contentType !== undefined) headers['Content-Type'] = outgoing.contentType;
    if (outgoing.status < 400 && body.length > 1024 && /\bgzip\b/.test(request.headers['accept-encoding']?.toString() ?? '')) {
      body = await compress(body, { level: 1 });
      headers['Content-Encoding'] = 'gzip';
    }
    headers['Content-Length'] = String(body.length);
    response.sendDate = false;
    response.writeHead(
      outgoing.status,
      Buffer.from(outgoing.reason, 'utf8')
        .toString('latin1')
        .replace(/[^\t\x20-\x7e\x80-\xff]/g, ' '),
      headers,
    );
    response.end(body);
  };

  const readable = (refusal: TransportRefusal): Outgoing => ({
    status: refusal.status,
    reason: refusal.message.split('\n')[0] ?? '',
    body: refusal.hasBody ? refusal.message : '',
    contentType: undefined,
  });

  const execute = async (
    request: IncomingMessage,
    target: Target,
    logged: LoggedRequest,
    struck: readonly RequestFault[],
  ): Promise<Outgoing> => {
    const method = request.method ?? 'GET';
    const has = (kind: RequestFault['kind']): boolean => struck.some((fault) => fault.kind === kind);
    const isOpen = NEEDS_NO_CREDENTIAL.has(`${method} ${target.path}`) && request.headers.authorization === undefined;
    const caller = isOpen
      ? { identity: undefined, byToken: false }
      : authenticate(world.access, world.tickets, method, request.headers, world.clock.now());
    if ('refused' in caller) {
      await world.clock.hold(options.authenticationDelaySeconds);
      return { status: 401, reason: caller.refused, body: '', contentType: undefined };
    }
    Object.assign(logged.body, await readBody(request));
    const answer = await dispatch(
      world,
      options.find,
      { method, path: target.path, query: target.query, body: logged.body, caller },
      { noWorker: has('noWorker'), lockTimeout: has('lockTimeout') },
    );
    if (answer.failure?.status === 401) await world.clock.hold(options.authenticationDelaySeconds);
    if (has('596')) return { status: 596, reason: 'Connection timed out', body: '', contentType: undefined };
    if (answer.failure !== undefined && answer.isForwarded && isWide(answer.failure.message)) {
      await world.clock.hold(5);
      return { status: 596, reason: 'Broken pipe', body: '', contentType: undefined };
    }
    return { ...format(answer, target.formatter === 'extjs' ? 'extjs' : 'json'), isForwarded: answer.isForwarded };
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
    let outgoing: Outgoing;
    try {
      if (request.rawHeaders.length / 2 > 63) {
        setTimeout(cut, 5000).unref();
        return;
      }
      checkHead(request);
      if (target.formatter === undefined) throw new TransportRefusal(500, `no such file '${target.path}'`);
      if (target.formatter !== 'json' && target.formatter !== 'extjs')
        throw new TransportRefusal(501, `no formatter for uri ${target.path}, ${target.formatter}`);
      outgoing = await execute(request, target, logged, struck);
    } catch (error) {
      outgoing =
        error instanceof TransportRefusal
          ? readable(error)
          : { status: 500, reason: 'internal error', body: String(error), contentType: undefined };
    }
    if (struck.some((fault) => fault.kind === 'dropAfterDispatch')) return cut();
    logged.status = outgoing.status;
    if (struck.some((fault) => fault.kind === 'truncate')) {
      const whole = Buffer.from(outgoing.body);
      response.writeHead(outgoing.status, { 'Content-Type': 'application/json;charset=UTF-8', 'Content-Length': String(whole.length) });
      response.write(whole.subarray(0, Math.floor(whole.length / 2)), cut);
      return;
    }
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
    host: options.host,
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
