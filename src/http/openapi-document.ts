import type { RegisteredOperation } from '../dispatch/registered-operation.ts';
import { scopeOf } from '../dispatch/scope-of.ts';
import { createComponents } from './openapi-components.ts';
import { fixedPaths } from './openapi-fixed-paths.ts';
import { operationPath } from './openapi-operations.ts';

export interface DocumentOptions {
  readonly operations: readonly RegisteredOperation[];
  readonly version: string;
  /** Where the service is seen from outside: `/` or a prefix. */
  readonly serverUrl: string;
  readonly isAuthRequired: boolean;
  readonly hasTokens: boolean;
}

export type OpenApiDocument = Readonly<Record<string, unknown>> & { readonly paths: Readonly<Record<string, unknown>> };

const DESCRIPTION = [
  'Inspects and operates a Proxmox VE cluster. Every operation is `POST /<operation>`; the same operations are the tools over MCP.',
  'A write answers with a job: 200 when it is over, 202 with `Location` while it runs or waits for an approval.',
  'Errors say in `effect` whether anything happened, and in `hint` what to do next.',
].join('\n\n');

/** Routes that are shown to whom the operation is shown. */
const STANDS_FOR: Readonly<Record<string, string>> = {
  '/jobs': 'list_jobs',
  '/jobs/{job_id}': 'get_job',
  '/jobs/{job_id}/poll': 'poll_job',
  '/jobs/{job_id}/cancel': 'cancel_job',
  '/jobs/{job_id}/retry': 'retry_job',
  '/jobs/{job_id}/events': 'get_job',
  '/events': 'list_jobs',
};

const FIXED_TAGS = [
  { name: 'events', description: 'Changes as they happen, as server-sent events.' },
  { name: 'probes', description: 'How the server itself is doing.' },
];

/** The OpenAPI 3.1 document, from the same schemas that check and answer calls. */
export function openApiDocument(options: DocumentOptions): OpenApiDocument {
  const { operations, version, serverUrl, isAuthRequired, hasTokens } = options;
  const components = createComponents();
  const offered = new Set(operations.map(({ operation }) => operation.name));
  const fixed = Object.entries(fixedPaths(components)).filter(([path]) => offered.has(STANDS_FOR[path] ?? '') || !(path in STANDS_FOR));
  const paths = {
    ...Object.fromEntries(
      operations.map((registered) => [`/${registered.operation.name}`, operationPath(registered, scopeOf(registered), components)]),
    ),
    ...Object.fromEntries(fixed),
  };
  const toolsets = [...new Set([...operations.map(({ toolset }) => toolset), 'jobs'])];
  const securitySchemes = {
    ApiKey: { type: 'http', scheme: 'bearer', description: 'An API key of this server.' },
    ApiKeyAsPassword: { type: 'http', scheme: 'basic', description: 'Any user name, with the API key as the password.' },
    ...(hasTokens
      ? { AccessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'A token of the authorization server.' } }
      : {}),
  };
  return {
    openapi: '3.1.0',
    info: { title: 'ProxmoxMCP-Plus', version, description: DESCRIPTION, license: { name: 'MIT', identifier: 'MIT' } },
    servers: [{ url: serverUrl }],
    ...(isAuthRequired ? { security: Object.keys(securitySchemes).map((name) => ({ [name]: [] })) } : { security: [] }),
    tags: [...toolsets.map((name) => ({ name, description: `Operations of the toolset ${name}.` })), ...FIXED_TAGS],
    paths,
    components: { schemas: components.schemas, responses: components.responses, ...(isAuthRequired ? { securitySchemes } : {}) },
  };
}
