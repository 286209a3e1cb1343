import type { Listener } from '../http/listen.ts';
import { prepareHttp, type HttpOptions } from './prepare-http.ts';

/** Proxies and tunnels run here, and whoever is here can do worse than hold connections. */
const THIS_MACHINE = ['127.0.0.0/8', '::1'];

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
export async function runHttp(options: HttpOptions): Promise<HttpServers> {
  const { logger, config } = options;
  const [{ listen }, { createClientAddress }] = await Promise.all([import('../http/listen.ts'), import('../http/client-address.ts')]);
  const prepared = await prepareHttp(options);
  const listeners: Listener[] = [];
  const close = async (): Promise<void> => {
    // Streams end first: a server waits for its open answers.
    await prepared.stop();
    await Promise.all(listeners.map((listener) => listener.close()));
    await prepared.close();
  };
  try {
    const { max_connections_per_address: most, trusted_proxies: proxies } = config.http;
    const connectionCap = {
      most,
      clientAddress: createClientAddress([...proxies, ...THIS_MACHINE]),
      onRefused: (client: string) =>
        logger.warn({ client, most }, 'connections refused: this address holds as many as http.max_connections_per_address allows'),
    };
    const rest = prepared.rest && (await listen(prepared.rest, { ...config.http, connectionCap }));
    if (rest) listeners.push(rest);
    const mcp = prepared.mcp && (await listen(prepared.mcp, { ...config.mcp, connectionCap }));
    if (mcp) listeners.push(mcp);
    return { rest, mcp, done: new Promise(() => undefined), close };
  } catch (error) {
    await close();
    throw error;
  }
}
