import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { serve } from '@hono/node-server';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import { Hono } from 'hono';

/**
 * The least that node:http, the framework and the SDK each do to give a fixed answer to a POST: node bare-http.ts KIND FILE.
 * The file holds the answer of the product that is compared, so that as many bytes go the same way.
 */
const [kind, file = ''] = process.argv.slice(2);
const answer = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
const port = Number(process.env['PORT']);

function bareMcp(): Server {
  const server = new Server({ name: 'bare', version: '1' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', () => ({ tools: [{ name: 'nothing', inputSchema: { type: 'object' as const } }] }));
  server.setRequestHandler('tools/call', () => answer as { content: [] });
  return server;
}

if (kind === 'node') {
  createServer((request, response) => {
    request.resume();
    request.once('end', () => response.setHeader('content-type', 'application/json').end(JSON.stringify(answer)));
  }).listen(port, '127.0.0.1');
} else {
  const app = new Hono();
  app.get('/livez', () => new Response('ok'));
  const handler = createMcpHandler(bareMcp);
  if (kind === 'sdk') app.post('/mcp', ({ req }) => handler.fetch(req.raw));
  else
    app.post('/get_nodes', async ({ req }) => {
      await req.json();
      return Response.json(answer);
    });
  serve({ fetch: app.fetch, port, hostname: '127.0.0.1' });
}
