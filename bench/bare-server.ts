import { readFileSync } from 'node:fs';
import { Server } from '@modelcontextprotocol/server';
import { serveStdio } from '@modelcontextprotocol/server/stdio';

/** The least that the SDK can be asked to do: one tool with a fixed answer, nothing unless a file with one is named. */
const file = process.env['ANSWER_FILE'];
const answer = file === undefined ? { content: [] } : (JSON.parse(readFileSync(file, 'utf8')) as { content: [] });
serveStdio(() => {
  const server = new Server({ name: 'bare', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', () => ({ tools: [{ name: 'nothing', inputSchema: { type: 'object' as const } }] }));
  server.setRequestHandler('tools/call', () => answer);
  return server;
});
