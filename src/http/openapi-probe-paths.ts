import type { Components } from './openapi-components.ts';
import { errorResponses } from './openapi-errors.ts';

const PUBLIC = { security: [] };
const ALWAYS = [401, 403, 421, 429];

/** The routes that tell how the server itself is doing. */
export function probePaths(components: Components): Record<string, unknown> {
  const readiness = (operationId: string) => ({
    get: {
      operationId,
      tags: ['probes'],
      summary: 'Whether the server can do its work',
      responses: {
        200: { description: 'It can.', content: { 'application/json': { schema: components.add('Readiness', READINESS) } } },
        503: {
          description: 'It cannot; `wrong` names why.',
          content: { 'application/json': { schema: components.add('Readiness', READINESS) } },
        },
        ...errorResponses(components, ALWAYS),
      },
    },
  });

  return {
    '/livez': {
      get: {
        operationId: 'livez',
        tags: ['probes'],
        summary: 'Whether the process is alive',
        ...PUBLIC,
        responses: {
          200: { description: 'It is.', content: { 'application/json': { schema: ALIVE } } },
          ...errorResponses(components, [421]),
        },
      },
    },
    '/readyz': readiness('readyz'),
    '/health': readiness('health'),
    '/metrics': {
      get: {
        operationId: 'metrics',
        tags: ['probes'],
        summary: 'Metrics in the format of Prometheus',
        responses: {
          200: { description: 'The metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
          ...errorResponses(components, ALWAYS),
        },
      },
    },
  };
}

const ALIVE = { type: 'object', properties: { status: { type: 'string', const: 'ok' } }, required: ['status'] };
const READINESS = {
  type: 'object',
  properties: {
    status: { type: 'string', enum: ['ok', 'degraded'] },
    connected_to_mcp: { type: 'boolean' },
    uptime_seconds: { type: 'number' },
    server_type: { type: 'string' },
    version: { type: 'string' },
    wrong: { type: 'array', items: { type: 'string' } },
    checks: {
      type: 'array',
      items: {
        type: 'object',
        properties: { name: { type: 'string' }, ok: { type: 'boolean' }, required: { type: 'boolean' }, detail: { type: 'string' } },
        required: ['name', 'ok', 'required', 'detail'],
      },
    },
    auth: { type: 'object', properties: { api_key_configured: { type: 'boolean' }, strict_auth: { type: 'boolean' } } },
    rate_limit: { type: 'object', properties: { enabled: { type: 'boolean' }, requests_per_minute: { type: 'integer' } } },
    jobs: { type: 'object', properties: { enabled: { type: 'boolean' } } },
    security_warnings: { type: 'array', items: { type: 'string' } },
  },
  required: ['status', 'connected_to_mcp', 'uptime_seconds', 'wrong', 'checks'],
};
