import { request } from 'node:https';
import type { Socket } from 'node:net';

/** A Proxmox VE to talk to: the simulator, or a real one. */
export interface PveTarget {
  /** Such as https://127.0.0.1:8006, without a path. */
  readonly url: string;
  /** `USER@REALM!ID=UUID` */
  readonly token: string;
  /** What the server's certificate is checked against; without it, it is not checked. */
  readonly ca?: string;
  /** Makes the connections, when they are checked otherwise. */
  readonly connect?: () => Promise<Socket>;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** The parsed body, or undefined when it is no JSON. */
  readonly json:
    | { readonly data?: unknown; readonly message?: string; readonly errors?: Record<string, string>; readonly total?: number }
    | undefined;
}

export interface CallOptions {
  readonly body?: Readonly<Record<string, string | number | readonly string[]>> | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Formatter and path prefix (default /api2/json). */
  readonly base?: string;
  readonly token?: string | null;
}

/** The fields as a form, lists as repeated keys. */
export function form(fields: Readonly<Record<string, string | number | readonly string[]>>): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(fields))
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(key, String(one));
  return parameters.toString();
}

/** Makes one request on a connection of its own. */
export async function call(target: PveTarget, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const body = options.body === undefined || typeof options.body === 'string' ? options.body : form(options.body);
  const token = options.token === undefined ? target.token : options.token;
  const headers: Record<string, string> = {
    ...(token === null ? {} : { Authorization: `PVEAPIToken=${token}` }),
    ...(body === undefined
      ? {}
      : {
          'Content-Type': 'application/x-www-form-urlencoded',
          ...(options.headers?.['Transfer-Encoding'] === undefined ? { 'Content-Length': String(Buffer.byteLength(body)) } : {}),
        }),
    ...options.headers,
  };
  const connection = await target.connect?.();
  return new Promise((resolve, reject) => {
    const outgoing = request(
      `${target.url}${options.base ?? '/api2/json'}${path}`,
      {
        method,
        headers,
        agent: false,
        ...(target.ca === undefined ? { rejectUnauthorized: false } : { ca: target.ca }),
        ...(connection === undefined ? {} : { createConnection: () => connection }),
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          let json: Answer['json'];
          try {
            json = JSON.parse(text) as Answer['json'];
          } catch {
            json = undefined;
          }
          resolve({ status: incoming.statusCode ?? 0, reason: incoming.statusMessage ?? '', headers: incoming.headers, text, json });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
