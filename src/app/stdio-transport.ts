import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';

/** Standard input and output as an MCP connection, and the moment it is over. */
export interface StdioConnection {
  readonly transport: StdioServerTransport;
  /** Resolves when the client has gone, or when the connection cannot go on: an endless message, an output nobody reads. */
  readonly gone: Promise<void>;
}

/** Opens standard input and output. A connection that is given up pauses standard input, whose end is then never seen. */
export function openStdio(): StdioConnection {
  const gone = Promise.withResolvers<void>();
  process.stdin.once('end', () => gone.resolve());
  process.stdin.once('close', () => gone.resolve());
  // Each message that waits for a slow reader listens by itself: many are no leak.
  process.stdout.setMaxListeners(0);
  class Transport extends StdioServerTransport {
    override async close(): Promise<void> {
      await super.close();
      gone.resolve();
    }
  }
  return { transport: new Transport(), gone: gone.promise };
}
