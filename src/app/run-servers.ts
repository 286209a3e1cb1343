import { randomBytes, randomUUID } from 'node:crypto';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { localPrincipal, type Principal } from '../domain/principal.ts';
import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import type { Listener } from '../http/listen.ts';
import { createAskPerson, type AskableApprovals, type AskPerson } from '../mcp/ask-person.ts';
import { chooseOperations, offeredOf } from '../mcp/choose-operations.ts';
import { createMcpServer } from '../mcp/create-mcp-server.ts';
import type { Offer } from '../mcp/offer.ts';
import type { RequestId } from '../mcp/prepared-conversation.ts';
import { createProductOffer } from '../mcp/product-offer.ts';
import type { Product } from './compose.ts';
import type { Logger } from './logging.ts';
import type { HttpOptions } from './prepare-http.ts';
import { openStdio } from './stdio-transport.ts';
import { VERSION } from './version.ts';

/** A surface that is up. */
export interface RunningServer {
  /** Resolves when the other side has gone (stdio) or never (HTTP). */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/** What a server over HTTP serves. */
type Served = Pick<HttpOptions, 'product' | 'logger' | 'config' | 'environment'>;

/** Jobs are kept at least this long, whatever retention is configured. */
const TASK_TTL_MS = 24 * 3600 * 1000;

/** What each principal is shown over MCP, and the check of a person's answer. */
export function mcpOffers(product: Product) {
  const { dispatcher, jobs, approvals } = product;
  const asking = { approvals, askPerson: askPersonThrough(approvals) };
  const choice = chooseOperations(dispatcher.operations, product.mcpTools);
  const offers = new WeakMap<readonly RegisteredOperation[], Offer>();
  const processTag = randomUUID().slice(0, 8);
  return {
    offerTo(principal: Principal): Offer {
      const offered = dispatcher.offeredTo(principal);
      const offer =
        offers.get(offered) ??
        createProductOffer({
          dispatcher,
          choice: offeredOf(choice, offered),
          subscribe: (listener) => jobs.subscribe(listener),
          asking,
          taskTtlMs: TASK_TTL_MS,
          processTag,
        });
      offers.set(offered, offer);
      return offer;
    },
    verifyState: asking.askPerson.verifyState,
  };
}

/** Makes the MCP server of one connection or request. */
export function mcpFactory(product: Product, logger: Logger, principalOf: (authenticated: unknown) => Principal) {
  return createMcpServer({
    ...mcpOffers(product),
    version: VERSION,
    principalOf: ({ authInfo }) => principalOf(authInfo?.extra?.['principal']),
    newRequestId: randomUUID,
    onFault: (error, requestId) => logger.error({ err: error, request_id: requestId }, 'call failed'),
  });
}

/** Questions are signed with a key of this process: an answer that comes to another one is asked for anew. */
function askPersonThrough(approvals: AskableApprovals): AskPerson {
  return createAskPerson({
    approvals,
    key: randomBytes(32),
    principalIdOf: ({ http }) => http?.authInfo?.clientId ?? 'local',
    now: () => performance.now(),
  });
}

/** MCP for the client that started this process. Ends when the client closes standard input, or the connection cannot go on. */
export function runStdio(product: Product, logger: Logger, answered: ReadonlySet<RequestId>): RunningServer {
  const { transport, gone } = openStdio(answered);
  const handle = serveStdio(
    mcpFactory(product, logger, () => localPrincipal('mcp-stdio')),
    { transport, onerror: (error) => logger.warn({ err: error }, 'mcp stdio') },
  );
  return { done: gone, close: () => handle.close() };
}

/**
 * MCP over Streamable HTTP at `/mcp`.
 * @throws Error when it would be open to the network without a key
 */
export async function runMcpHttp(served: Served): Promise<RunningServer & { readonly listener: Listener }> {
  const { runHttp } = await import('./run-http.ts');
  const { mcp, done, close } = await runHttp({ ...served, doors: { rest: false, mcp: 'own-port' }, makeMcp: mcpFactory });
  if (!mcp) throw new Error('MCP over HTTP does not listen.');
  return { listener: mcp, done, close };
}

/**
 * The OpenAPI side, and MCP beside it where the configuration says so.
 * @throws Error when it would be open to everybody without the operator having said so
 */
export async function runHttpService(served: Served): Promise<RunningServer & { readonly rest: Listener; readonly mcp: Listener | null }> {
  const { runHttp } = await import('./run-http.ts');
  const doors = { rest: true, mcp: served.config.http.mcp };
  const { rest, mcp, done, close } = await runHttp({ ...served, doors, makeMcp: mcpFactory });
  if (!rest) throw new Error('HTTP does not listen.');
  return { rest, mcp, done, close };
}
