import { Agent } from 'undici';
import { OperationError } from '../../domain/operation-error.ts';
import { recordIn } from '../../domain/record.ts';
import { PROXMOX_MESSAGES } from '../../proxmox/proxmox-messages.ts';
import { createTlsConnector, type TlsTrust } from '../../proxmox/tls-connector.ts';
import { VERSION } from '../version.ts';

/** A login with a password, used once to make a token and then forgotten. */
export interface AdminSession {
  /** @throws OperationError */
  call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, params?: Readonly<Record<string, string | number>>): Promise<unknown>;
  close(): Promise<void>;
}

export interface Login {
  readonly host: string;
  readonly port: number;
  readonly trust: TlsTrust;
  readonly username: string;
  readonly password: string;
  /** Asked for only when the user has a second factor. */
  otp(): Promise<string>;
}

const WITHIN_MS = 15_000;
const MAX_BYTES = 4 * 1024 * 1024;

/**
 * Logs in with a password over a connection whose certificate was accepted. The ticket lives in memory only.
 * @throws OperationError `unauthenticated`
 * @see pve-access-control PVE/API2/AccessControl.pm, create_ticket
 */
export async function openAdminSession({ host, port, trust, username, password, otp }: Login): Promise<AdminSession> {
  const agent = new Agent({
    connect: createTlsConnector(trust, WITHIN_MS),
    headersTimeout: WITHIN_MS,
    bodyTimeout: WITHIN_MS,
    pipelining: 0,
  });
  const origin = `https://${host.includes(':') ? `[${host}]` : host}:${port}`;
  let credentials: Readonly<Record<string, string>> = {};

  const call: AdminSession['call'] = async (method, path, params = {}) => {
    const form = new URLSearchParams(Object.fromEntries(Object.entries(params).map(([name, value]) => [name, String(value)]))).toString();
    const inBody = method === 'POST' || method === 'PUT';
    const response = await agent
      .request({
        origin,
        path: `/api2/json${path}${!inBody && form !== '' ? `?${form}` : ''}`,
        method,
        headers: {
          ...credentials,
          'user-agent': `proxmox-mcp-plus/${VERSION}`,
          ...(inBody ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        },
        ...(inBody ? { body: form } : {}),
        signal: AbortSignal.timeout(WITHIN_MS),
      })
      .catch((error: unknown) => {
        throw new OperationError('proxmox_unreachable', `The connection to ${origin} broke during ${method} ${path}.`, {
          effect: method === 'GET' ? 'none' : 'unknown',
          cause: error,
        });
      });
    const text = await boundedText(response.body);
    if (response.statusCode >= 200 && response.statusCode < 300) return dataOf(text);
    throw refusal({ username, method, path, status: response.statusCode, reason: response.statusText, text });
  };

  try {
    const [user = '', realm = 'pam'] = username.split('@');
    const first = recordIn(await call('POST', '/access/ticket', { username: `${user}@${realm}`, password }));
    const answer = isTrue(first['NeedTFA'])
      ? recordIn(
          await call('POST', '/access/ticket', {
            username: `${user}@${realm}`,
            password: `totp:${await otp()}`,
            'tfa-challenge': String(first['ticket']),
          }),
        )
      : first;
    credentials = {
      cookie: `PVEAuthCookie=${encodeURIComponent(String(answer['ticket']))}`,
      csrfpreventiontoken: String(answer['CSRFPreventionToken']),
    };
  } catch (error) {
    await agent.destroy();
    if (error instanceof OperationError && error.details['status'] === 401) {
      throw new OperationError('unauthenticated', `Proxmox VE does not accept the password of ${username}.`, {
        hint: 'Check the user with its realm (root@pam, admin@pve), and the one-time code where there is a second factor.',
      });
    }
    throw error;
  }
  return { call, close: () => agent.destroy() };
}

async function boundedText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new OperationError('proxmox_failed', 'The answer of Proxmox VE is too long.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function dataOf(text: string): unknown {
  try {
    return recordIn(JSON.parse(text))['data'] ?? null;
  } catch {
    throw new OperationError('proxmox_failed', 'The answer is not JSON.', { hint: 'Point at Proxmox VE itself: port 8006 of a node.' });
  }
}

interface Refused {
  readonly username: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly reason: string;
  readonly text: string;
}

function refusal({ username, method, path, status, reason, text }: Refused): OperationError {
  let errors = '';
  try {
    errors = Object.entries(recordIn(recordIn(JSON.parse(text))['errors']))
      .map(([name, problem]) => ` ${name}: ${String(problem)}`)
      .join(';');
  } catch {
    // The reason phrase says it all.
  }
  const said = `${reason}${errors}`.trim().slice(0, 300);
  const details = { status };
  if (status === 403) {
    return new OperationError('missing_privilege', `${username} may not ${method} ${path} on Proxmox VE: ${said}.`, {
      hint: 'Log in as a user who may change permissions, such as root@pam; or use --print-commands.',
      details,
    });
  }
  const known = PROXMOX_MESSAGES.find(({ pattern }) => pattern.test(said));
  if (known) return new OperationError(known.code, known.message(known.pattern.exec(said)?.groups ?? {}), { hint: known.hint, details });
  return new OperationError(
    status === 401 ? 'unauthenticated' : 'proxmox_failed',
    `Proxmox VE refused ${method} ${path}: ${said === '' ? status : said}.`,
    { details },
  );
}

function isTrue(value: unknown): boolean {
  return value === 1 || value === '1' || value === true;
}
