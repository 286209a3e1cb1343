import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** An answer on its way out. */
export interface Outgoing {
  readonly status: number;
  readonly reason: string;
  readonly body: string | Buffer;
  readonly contentType: string | undefined;
  /** It came from another node, whose proxy has its own mind about the connection. */
  readonly isForwarded?: boolean;
}

const compress = promisify(gzip);

/**
 * Writes an answer with the headers of pveproxy. An error closes the connection, as does the last request that it may carry.
 * @see pve-http-server PVE/APIServer/AnyEvent.pm
 */
export async function sendAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  outgoing: Outgoing,
  { at, isLast }: { readonly at: number; readonly isLast: boolean },
): Promise<void> {
  let body: Buffer = Buffer.from(outgoing.body as string);
  const date = new Date(at * 1000).toUTCString();
  const headers: Record<string, string | string[]> = {
    'Cache-Control': 'max-age=0',
    Date: date,
    Pragma: 'no-cache',
    Server: 'pve-api-daemon/3.0',
    Expires: date,
  };
  if (outgoing.status >= 400 || isLast) headers['Connection'] = 'close';
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
}

/** Writes half of an answer that promised all of it, and cuts the connection. */
export function sendHalf(response: ServerResponse, { status, body }: Outgoing, cut: () => void): void {
  const whole = Buffer.from(body);
  response.writeHead(status, { 'Content-Type': 'application/json;charset=UTF-8', 'Content-Length': String(whole.length) });
  response.write(whole.subarray(0, Math.floor(whole.length / 2)), cut);
}
