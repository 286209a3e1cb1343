import type { Clock } from '../domain/clock.ts';
import type { Listener } from '../http/listen.ts';
import type { Product } from './compose.ts';
import type { Config } from './config-schema.ts';
import type { Logger } from './logging.ts';
import { prepareHttp, type HttpDoors, type McpFactoryOf } from './prepare-http.ts';

export interface HttpServers {
  readonly rest: Listener | null;
  readonly mcp: Listener | null;
  /** Resolves never: only a signal ends the service. */
  readonly done: Promise<void>;
  close(): Promise<void>;
}

/**
 * Serves one product over HTTP: the OpenAPI side, MCP, or both, behind the same authentication.
 * @throws Error when it would be open to everybody without the operator having said so, or cannot listen
 */
export async function runHttp(
  product: Product,
  logger: Logger,
  config: Config,
  environment: Readonly<Record<string, string | undefined>>,
  doors: HttpDoors,
  makeMcp: McpFactoryOf,
  clock?: Clock,
): Promise<HttpServers> {
  const { listen } = await import('../http/listen.ts');
  const prepared = await prepareHttp(product, logger, config, environment, doors, makeMcp, clock);
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    // Streams end first: a server waits for its open answers.
    await prepared.stop();
    await Promise.all(listeners.map((listener) => listener.close()));
    await prepared.close();
  };
  try {
    const rest = prepared.rest && (await listen(prepared.rest, config.http));
    if (rest) listeners.push(rest);
    const mcp = prepared.mcp && (await listen(prepared.mcp, config.mcp));
    if (mcp) listeners.push(mcp);
    return { rest, mcp, done: new Promise(() => undefined), close };
  } catch (error) {
    await close();
    throw error;
  }
}
