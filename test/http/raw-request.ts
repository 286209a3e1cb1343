import { connect } from 'node:net';

export interface RawAnswer {
  /** Statuses of all answers that came, in their order. */
  readonly statuses: readonly number[];
  /** The last of them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends bytes as they are, which no client library would, and reads until the server ends the connection. */
export async function sendRaw(url: string, text: string): Promise<RawAnswer> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  const received = await new Promise<string>((resolve) => {
    let all = '';
    socket.on('data', (chunk: Buffer) => (all += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(all));
    socket.write(Buffer.from(text, 'latin1'));
  });
  const last = received.slice(received.lastIndexOf('HTTP/1.1 '));
  const [head = '', ...rest] = last.split('\r\n\r\n');
  const fields = head.split('\r\n').slice(1);
  return {
    statuses: [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status)),
    headers: Object.fromEntries(
      fields.map((field) => [field.slice(0, field.indexOf(':')).toLowerCase(), field.slice(field.indexOf(':') + 1).trim()]),
    ),
    body: rest.join('\r\n\r\n'),
  };
}
