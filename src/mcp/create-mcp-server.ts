import { ProtocolError, ProtocolErrorCode, Server, type McpRequestContext } from '@modelcontextprotocol/server';
import { toOperationError } from '../domain/operation-error.ts';
import type { Principal } from '../domain/principal.ts';
import type { Dispatcher } from '../dispatch/dispatcher.ts';
import { INSTRUCTIONS } from './instructions.ts';
import { progressReporter } from './progress.ts';
import { toolError } from './tool-error.ts';
import { listTools } from './tool-list.ts';

export interface McpOptions {
  readonly dispatcher: Dispatcher;
  readonly version: string;
  /** Who calls, from what the surface knows of the connection. */
  principalOf(context: McpRequestContext): Principal;
  newRequestId(): string;
  /** Told of errors that are the server's own fault. */
  onFault(error: unknown, requestId: string): void;
}

/** Makes the factory that serves one connection (stdio) or one request (HTTP) of either protocol era. */
export function createMcpServer({
  dispatcher,
  version,
  principalOf,
  newRequestId,
  onFault,
}: McpOptions): (context: McpRequestContext) => Server {
  const tools = [...listTools(dispatcher.operations)];
  const names = new Set(tools.map((tool) => tool.name));

  return (context) => {
    const server = new Server(
      { name: 'proxmox-mcp-plus', title: 'Proxmox VE', version },
      { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
    );
    server.setRequestHandler('tools/list', () => ({ tools }));
    server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
      if (!names.has(params.name)) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Unknown tool: ${params.name.slice(0, 80)}`);
      const requestId = newRequestId();
      try {
        const onProgress = progressReporter(mcpReq);
        const { output, text } = await dispatcher.call({
          operation: params.name,
          arguments: params.arguments,
          principal: principalOf(context),
          requestId,
          signal: mcpReq.signal,
          ...(onProgress ? { onProgress } : {}),
        });
        return { content: [{ type: 'text', text }], structuredContent: { ...output } };
      } catch (thrown) {
        const error = toOperationError(thrown);
        if (error.code === 'internal') onFault(thrown, requestId);
        return toolError(error);
      }
    });
    return server;
  };
}
