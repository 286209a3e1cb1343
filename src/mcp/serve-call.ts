import {
  isJsonContentType,
  isJSONRPCRequest,
  isLegacyRequest,
  PerRequestHTTPServerTransport,
  SUPPORTED_PROTOCOL_VERSIONS,
  type AuthInfo,
  type JSONRPCRequest,
  type McpServerFactory,
} from '@modelcontextprotocol/server';

interface Exchange {
  readonly authInfo: AuthInfo;
  readonly parsedBody?: unknown;
}

/**
 * Serves an ordinary tool call of the 2025 protocols as one exchange: its answer is one JSON body, or a stream from the moment on
 * that something is told before. Everything else is undefined, and for the SDK's own serving, which opens two streams for
 * each request and pays for them with a third of the time of a read.
 */
export function createServeCall(build: McpServerFactory): (request: Request, exchange: Exchange) => Promise<Response | undefined> {
  return async (request, { authInfo, parsedBody }) => {
    if (!isOrdinaryCall(request, parsedBody) || !(await isLegacyRequest(request, parsedBody))) return undefined;
    const server = await build({ era: 'legacy', authInfo, requestInfo: request });
    const transport = new PerRequestHTTPServerTransport({ classification: { era: 'legacy' } });
    await server.connect(transport);
    try {
      const response = await transport.handleMessage(parsedBody, { request, authInfo });
      // Errors of the protocol have a status of their own only since 2026-07-28.
      return response.ok ? response : new Response(response.body, { headers: response.headers });
    } catch (error) {
      if (!request.signal.aborted) throw error;
      return new Response(null, { status: 499 });
    }
  };
}

function isOrdinaryCall({ headers }: Request, message: unknown): message is JSONRPCRequest {
  const accepted = headers.get('accept') ?? '';
  const revision = headers.get('mcp-protocol-version');
  return (
    isJSONRPCRequest(message) &&
    message.method === 'tools/call' &&
    accepted.includes('application/json') &&
    accepted.includes('text/event-stream') &&
    isJsonContentType(headers.get('content-type')) &&
    (revision === null || SUPPORTED_PROTOCOL_VERSIONS.includes(revision)) &&
    !waits(message.params)
  );
}

/** What waits for a job needs the stream: it says every 15 s that the connection lives. */
function waits(params: JSONRPCRequest['params']): boolean {
  const args = params?.['arguments'] as Readonly<Record<string, unknown>> | undefined;
  const inner = args?.['arguments'] as Readonly<Record<string, unknown>> | undefined;
  return Boolean(args?.['wait_seconds'] ?? inner?.['wait_seconds']);
}
