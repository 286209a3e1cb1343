import type { IncomingMessage } from 'node:http';
import type { RawValue } from '../api/check-parameters.ts';
import { decodeForm, decodeJson } from './decode-body.ts';

/** A request that is refused before the API sees it. The text is the reason phrase and, mostly, the body. */
export class TransportRefusal extends Error {
  readonly status: number;
  readonly hasBody: boolean;

  constructor(status: number, message: string, hasBody = true) {
    super(message);
    this.name = 'TransportRefusal';
    this.status = status;
    this.hasBody = hasBody;
  }
}

/** The largest body, in bytes. It was 64 KiB before pve-http-server 5.2.1. */
const BODY_LIMIT = 512 * 1024;

/** Where a request goes: formatter and path below it, percent-decoded as a whole (an encoded slash is a slash). */
export interface Target {
  readonly formatter: string | undefined;
  readonly path: string;
  readonly query: Record<string, RawValue>;
}

export function readTarget(url: string): Target {
  const relative = url.replace(/^https?:\/\/[^/]*/i, '');
  const question = relative.indexOf('?');
  const rawPath = question < 0 ? relative : relative.slice(0, question);
  let path = rawPath;
  try {
    path = decodeURIComponent(rawPath);
  } catch {
    path = rawPath.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  const [, formatter, rest = ''] = /^\/+api2\/+([^/]+)(\/.*)?$/.exec(path) ?? [];
  const clean = `/${formatter === undefined ? path : rest}`.replace(/\/+/g, '/').replace(/(.)\/$/, '$1');
  return { formatter, path: clean, query: question < 0 ? {} : decodeForm(relative.slice(question + 1)) };
}

/** Refuses what the server cannot read at all. @throws TransportRefusal */
export function checkHead(request: IncomingMessage): void {
  if (!['GET', 'POST', 'PUT', 'DELETE'].includes(request.method ?? ''))
    throw new TransportRefusal(501, `method '${request.method ?? ''}' not available`, false);
  if (request.headers['transfer-encoding'] !== undefined) throw new TransportRefusal(501, 'chunked transfer encoding not supported');
}

/** Reads the parameters of a POST or PUT. @throws TransportRefusal */
export async function readBody(request: IncomingMessage): Promise<Record<string, RawValue>> {
  const length = Number(request.headers['content-length'] ?? 0);
  const [type = ''] = (request.headers['content-type'] ?? '').split(';');
  const isWrite = request.method === 'POST' || request.method === 'PUT';
  if (length > 0 && !isWrite) throw new TransportRefusal(501, `Unexpected content for method '${request.method ?? ''}'`);
  if (length > BODY_LIMIT) throw new TransportRefusal(501, 'for data too large');
  if (!isWrite) return {};
  const kind = type.trim().toLowerCase();
  if (kind !== '' && kind !== 'application/x-www-form-urlencoded' && kind !== 'application/json') {
    if (length > 0) throw new TransportRefusal(506, `upload 'Content-Type '${type}' not implemented`);
    return {};
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  if (kind !== 'application/json') return decodeForm(text);
  try {
    return decodeJson(text);
  } catch (error) {
    throw new TransportRefusal(500, error instanceof Error ? error.message : String(error));
  }
}
