import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

/** The least that the SDK can be asked to do: one tool that does nothing. */
serveStdio(() => {
  const server = new Server({ name: 'bare', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', () => ({ tools: [{ name: 'nothing', inputSchema: { type: 'object' as const } }] }));
  server.setRequestHandler('tools/call', () => ({ content: [] }));
  return server;
});
