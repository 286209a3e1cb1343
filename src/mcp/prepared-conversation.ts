import { isRecord } from '../domain/record.ts';

type Fields = Readonly<Record<string, unknown>>;
type Results = Readonly<Record<string, object>>;

/** Results of requests that are the same for every client, as a server gave them when it was asked. */
export interface PreparedAnswers {
  /** Of `initialize`, by the protocol version that is asked for. */
  readonly initialize: Results;
  /** After `initialize`, by method. */
  readonly legacy: Results;
  /** Of requests that carry their protocol version themselves, by version and method. */
  readonly modern: Readonly<Record<string, Results>>;
}

export type RequestId = string | number;

/** The beginning of a conversation, spoken from a record. */
export interface PreparedConversation {
  /** Takes one line of the client. Answers what to say, which is nothing to a notification; `beyond` to all that a record cannot answer. */
  hear(line: string): readonly string[] | 'beyond';
  /** What a server that takes over must be told first, because it settles how the connection goes on. */
  readonly toRepeat: readonly string[];
  /** The requests among it, whose answers the client has. */
  readonly answered: ReadonlySet<RequestId>;
}

const VERSION = 'io.modelcontextprotocol/protocolVersion';
const CLIENT = 'io.modelcontextprotocol/clientInfo';
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities';

/**
 * Speaks with a client from recorded answers. It is strict where a server would be lenient: what it does not know exactly, it
 * leaves to a server, which is then told what went before.
 */
export function createPreparedConversation({ initialize, legacy, modern }: PreparedAnswers): PreparedConversation {
  let era: 'open' | 'legacy' | 'modern' = 'open';
  const toRepeat: string[] = [];
  const answered = new Set<RequestId>();
  const settle = (as: typeof era, line: string, id: RequestId): void => {
    era = as;
    toRepeat.push(line);
    answered.add(id);
  };

  function resultOf({ method, params, id }: Request, line: string): object | undefined {
    if (method === 'initialize') {
      const result = era === 'open' && isHandshake(params) ? own(initialize, params['protocolVersion']) : undefined;
      if (result) settle('legacy', line, id);
      return result;
    }
    if (era === 'legacy') return hasOnly(params, []) ? own(legacy, method) : undefined;
    const version = versionIn(params);
    const result = own(own(modern, version) ?? {}, method);
    // Whoever has only discovered may still go on as a client of the older kind.
    if (result && method !== 'server/discover' && era === 'open') settle('modern', line, id);
    return result;
  }

  return {
    toRepeat,
    answered,
    hear(line) {
      const message = messageIn(line);
      if (!message) return 'beyond';
      if (message.id !== undefined) {
        const result = resultOf({ ...message, id: message.id }, line);
        return result === undefined ? 'beyond' : [JSON.stringify({ jsonrpc: '2.0', id: message.id, result })];
      }
      if (era !== 'legacy' || message.method !== 'notifications/initialized') return 'beyond';
      toRepeat.push(line);
      return [];
    },
  };
}

interface Message {
  readonly id?: RequestId;
  readonly method: string;
  readonly params: Fields;
}
type Request = Message & { readonly id: RequestId };

function messageIn(line: string): Message | undefined {
  let message: unknown;
  try {
    message = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!hasOnly(message, ['jsonrpc', 'id', 'method', 'params'])) return undefined;
  const { jsonrpc, id, method, params = {} } = message;
  if (jsonrpc !== '2.0' || typeof method !== 'string' || !isRecord(params)) return undefined;
  if (id === undefined) return { method, params };
  return isRequestId(id) ? { id, method, params } : undefined;
}

function isRequestId(id: unknown): id is RequestId {
  return typeof id === 'string' || Number.isSafeInteger(id);
}

function isHandshake(params: unknown): boolean {
  if (!hasOnly(params, ['protocolVersion', 'capabilities', 'clientInfo'])) return false;
  return isClient(params['clientInfo']) && isRecord(params['capabilities']);
}

/** The protocol version that a request carries with all that must stand beside it. */
function versionIn(params: Fields): unknown {
  const { _meta: meta } = params;
  if (!hasOnly(params, ['_meta']) || !hasOnly(meta, [VERSION, CLIENT, CAPABILITIES])) return undefined;
  return isClient(meta[CLIENT]) && isRecord(meta[CAPABILITIES]) ? meta[VERSION] : undefined;
}

function isClient(info: unknown): boolean {
  return isRecord(info) && 'name' in info && 'version' in info && Object.values(info).every((value) => typeof value === 'string');
}

function hasOnly(value: unknown, names: readonly string[]): value is Fields {
  return isRecord(value) && Object.keys(value).every((name) => names.includes(name));
}

function own<T>(record: Readonly<Record<string, T>>, name: unknown): T | undefined {
  return typeof name === 'string' && Object.hasOwn(record, name) ? record[name] : undefined;
}
