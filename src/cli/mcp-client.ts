/** What a tool answered. */
export interface ToolAnswer {
  readonly text: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly failed: boolean;
}

/** As much of an MCP client as a walk through the product needs: it lists tools, calls them, and sees progress. */
export interface McpClient {
  listTools(): Promise<readonly { readonly name: string }[]>;
  /** @throws Error for a protocol error or when nothing was answered in time */
  callTool(name: string, input: Readonly<Record<string, unknown>>, onProgress: (percent: number) => void): Promise<ToolAnswer>;
}

const PROTOCOL = '2025-11-25';
const WITHIN_MS = 60_000;
const MAX_CHARACTERS = 8 * 1024 * 1024;

interface Message {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly progress?: number };
  readonly result?: Readonly<Record<string, unknown>>;
  readonly error?: { readonly message?: string };
}

/** Speaks Streamable HTTP to a server without sessions. */
export function createMcpClient(url: string): McpClient {
  let id = 0;
  async function ask(
    method: string,
    params: Readonly<Record<string, unknown>>,
    onMessage: (message: Message) => void,
  ): Promise<Readonly<Record<string, unknown>>> {
    id += 1;
    const own = id;
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', 'mcp-protocol-version': PROTOCOL },
      body: JSON.stringify({ jsonrpc: '2.0', id: own, method, params }),
      signal: AbortSignal.timeout(WITHIN_MS),
    });
    if (!response.ok || !response.body) throw new Error(`The server answered ${response.status} to ${method}.`);
    for await (const message of messagesOf(response)) {
      if (message.id !== own) onMessage(message);
      else if (message.result) return message.result;
      else throw new Error(message.error?.message ?? `The server refused ${method}.`);
    }
    throw new Error(`The server ended its answer to ${method} early.`);
  }

  return {
    async listTools() {
      const { tools } = await ask('tools/list', {}, () => undefined);
      return tools as readonly { name: string }[];
    },
    async callTool(name, input, onProgress) {
      const params = { name, arguments: input, _meta: { progressToken: id + 1 } };
      const result = await ask('tools/call', params, (message) => {
        const progress = message.params?.progress;
        if (message.method === 'notifications/progress' && progress !== undefined) onProgress(progress);
      });
      const content = (result['content'] ?? []) as readonly { readonly text?: string }[];
      return {
        text: content.map(({ text = '' }) => text).join('\n'),
        facts: (result['structuredContent'] ?? {}) as Readonly<Record<string, unknown>>,
        failed: result['isError'] === true,
      };
    },
  };
}

/** The messages of an answer: one JSON document, or events. */
async function* messagesOf(response: Response): AsyncGenerator<Message> {
  if (!/event-stream/.test(response.headers.get('content-type') ?? '')) {
    yield (await response.json()) as Message;
    return;
  }
  let waiting = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    waiting += decoder.decode(chunk, { stream: true });
    if (waiting.length > MAX_CHARACTERS) throw new Error('The answer is too long.');
    const events = waiting.split(/\r?\n\r?\n/);
    waiting = events.pop() ?? '';
    for (const event of events) {
      const data = [...event.matchAll(/^data: ?(.*)$/gm)].map(([, line]) => line).join('\n');
      if (data !== '') yield JSON.parse(data) as Message;
    }
  }
}
