import { StdioServerTransport } from '@modelcontextprotocol/server/stdio';
import type { JSONRPCMessage } from '@modelcontextprotocol/server';
import type { RequestId } from '../mcp/prepared-conversation.ts';

/** Standard input and output as an MCP connection, and the moment it is over. */
export interface StdioConnection {
  readonly transport: StdioServerTransport;
  /** Resolves when the client has gone, or when the connection cannot go on: an endless message, an output nobody reads. */
  readonly gone: Promise<void>;
}

/**
 * Opens standard input and output. A connection that is given up pauses standard input, whose end is then never seen.
 * @param answered requests that standard input begins with, and whose answers the client has: theirs are not sent again
 */
export function openStdio(answered: ReadonlySet<RequestId>): StdioConnection {
  const unsent = new Set(answered);
  const gone = Promise.withResolvers<void>();
  process.stdin.once('end', () => gone.resolve());
  process.stdin.once('close', () => gone.resolve());
  // Each message that waits for a slow reader listens by itself: many are no leak.
  process.stdout.setMaxListeners(0);
  class Transport extends StdioServerTransport {
    override async start(): Promise<void> {
      await super.start();
      // Whoever spoke here before has paused it.
      process.stdin.resume();
    }

    override async send(message: JSONRPCMessage): Promise<void> {
      const isAnswer = 'id' in message && !('method' in message);
      if (isAnswer && message.id !== undefined && unsent.delete(message.id)) return;
      await super.send(message);
    }

    override async close(): Promise<void> {
      await super.close();
      gone.resolve();
    }
  }
  return { transport: new Transport(), gone: gone.promise };
}
